-- usable from step 1 on
-- Positions for many events at once: to ask for each costs as much as to write it. Returns the first of them.
CREATE FUNCTION envoi_positions(wanted integer) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    free bigint := greatest(
        coalesce(nullif(current_setting('envoi.position', true), ''), '0')::bigint + 1,
        envoi_xid() << 20
    );
BEGIN
    PERFORM set_config('envoi.position', (free + wanted - 1)::text, true);
    RETURN free;
END $$;

CREATE OR REPLACE FUNCTION envoi_position() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT envoi_positions(1)';
