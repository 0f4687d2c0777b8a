-- The queue. What is wide is written once (messages, recipients, contents); what changes often is narrow
-- (queue), and holds only what is not done yet.

CREATE TABLE envoi_meta (
    version integer NOT NULL,  -- of the schema
    oldest integer NOT NULL    -- the oldest version of the code, as the number of its last step, that can use it
);
INSERT INTO envoi_meta VALUES (0, 0);

CREATE SEQUENCE envoi_served;
CREATE TABLE envoi_accounts (
    name text PRIMARY KEY,
    rules text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT '',
    not_before timestamptz NOT NULL DEFAULT '-infinity',  -- nothing can be claimed before: limits, a pause
    served bigint NOT NULL DEFAULT 0,                     -- whose turn it was last
    -- By priority, behind what a claim begins to look. The entries before are dead, but stay in the index as
    -- long as any snapshot could see them.
    swept_at timestamptz NOT NULL DEFAULT '-infinity',
    mark_due timestamptz[] NOT NULL DEFAULT array_fill('-infinity'::timestamptz, ARRAY[10]),
    mark_id uuid[] NOT NULL DEFAULT array_fill('00000000-0000-0000-0000-000000000000'::uuid, ARRAY[10])
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Accounts that are new, or in which something became due behind the mark. An account is not made where mail is
-- put: all others who put its first mail would wait for a transaction of an application.
CREATE TABLE envoi_nudges (account text NOT NULL);

CREATE TABLE envoi_messages (
    id uuid PRIMARY KEY,
    account text NOT NULL,
    sender text NOT NULL,
    options text NOT NULL,
    message_id text NOT NULL,
    subject text NOT NULL,
    key text NOT NULL,
    size bigint NOT NULL,
    content uuid NOT NULL,  -- the message's own id, or that of a content kept before
    priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX envoi_messages_created ON envoi_messages (created_at, id);
CREATE INDEX envoi_messages_account ON envoi_messages (account, id);
CREATE INDEX envoi_messages_message_id ON envoi_messages (message_id);
CREATE INDEX envoi_messages_key ON envoi_messages (key) WHERE key <> '';
CREATE INDEX envoi_messages_kept ON envoi_messages (content) WHERE content <> id;

CREATE TABLE envoi_queue (
    id uuid PRIMARY KEY,
    account text NOT NULL,
    priority smallint NOT NULL,
    stage text NOT NULL CHECK (stage IN ('waiting', 'claimed', 'held')),
    due_at timestamptz NOT NULL,
    attempt integer NOT NULL DEFAULT 0,    -- the fence
    uncounted integer NOT NULL DEFAULT 0,  -- attempts that were given back
    settled integer NOT NULL DEFAULT 0,    -- the attempt that was settled last
    cancel boolean NOT NULL DEFAULT false,
    dot text,                              -- the recipients offered, as JSON, once the dot is about to be written
    owner text,
    claimed_at timestamptz,
    lease_until timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX envoi_queue_ready ON envoi_queue (account, priority, due_at, id) WHERE stage = 'waiting';
CREATE INDEX envoi_queue_leases ON envoi_queue (lease_until, owner) WHERE stage = 'claimed';
CREATE INDEX envoi_queue_stage ON envoi_queue (account, stage, id);

CREATE TABLE envoi_done (
    id uuid PRIMARY KEY,
    account text NOT NULL,
    done_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempt integer NOT NULL,
    uncounted integer NOT NULL,
    settled integer NOT NULL
);
CREATE INDEX envoi_done_account ON envoi_done (account, id);
CREATE INDEX envoi_done_done ON envoi_done (done_at);

CREATE TABLE envoi_recipients (
    message uuid NOT NULL,
    address text NOT NULL,
    position integer NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    settled_at timestamptz,
    code smallint,
    enhanced text,
    reply text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    PRIMARY KEY (message, address)
) WITH (fillfactor = 80);
CREATE INDEX envoi_recipients_address ON envoi_recipients (lower(address), message);
CREATE INDEX envoi_recipients_state ON envoi_recipients (state, message);

-- Contents in pieces of at most 1 MiB. Mail is base64 for the most part: trying to compress it costs more
-- than all else together.
CREATE TABLE envoi_contents (
    id uuid NOT NULL,
    part integer NOT NULL,
    octets bytea NOT NULL,
    PRIMARY KEY (id, part)
);
ALTER TABLE envoi_contents ALTER octets SET STORAGE EXTERNAL;

-- Contents that no message names yet.
CREATE TABLE envoi_kept (id uuid PRIMARY KEY, kept_at timestamptz NOT NULL);

CREATE TABLE envoi_keys (
    account text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    id uuid NOT NULL,
    message_id text NOT NULL,
    forget_at timestamptz,
    PRIMARY KEY (account, key)
);
CREATE INDEX envoi_keys_id ON envoi_keys (id);
CREATE INDEX envoi_keys_forget ON envoi_keys (forget_at) WHERE forget_at IS NOT NULL;

CREATE TABLE envoi_suppressions (
    address text PRIMARY KEY,  -- in small letters
    shown text NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL,
    message text NOT NULL
);

-- Who waits for the doorbell. Nothing is lost with it.
CREATE UNLOGGED TABLE envoi_sleepers (id uuid PRIMARY KEY, until timestamptz NOT NULL);

-- Positions ascend by transaction, and in it by insertion: a reader that stops before the oldest transaction
-- still under way never passes over one that commits late. The epoch is raised by `migrate` when a cluster
-- counts transactions anew (after a dump is restored).
CREATE FUNCTION envoi_epoch() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 0::bigint';
CREATE FUNCTION envoi_xid() RETURNS bigint LANGUAGE sql STABLE
    AS 'SELECT pg_current_xact_id()::text::bigint + envoi_epoch()';
CREATE FUNCTION envoi_horizon() RETURNS bigint LANGUAGE sql STABLE
    AS 'SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + envoi_epoch()';
CREATE FUNCTION envoi_position() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    free bigint := greatest(
        coalesce(nullif(current_setting('envoi.position', true), ''), '0')::bigint + 1,
        envoi_xid() << 20
    );
BEGIN
    PERFORM set_config('envoi.position', free::text, true);
    RETURN free;
END $$;

CREATE TABLE envoi_events (
    position bigint PRIMARY KEY DEFAULT envoi_position(),
    at timestamptz NOT NULL,
    kind text NOT NULL,
    message uuid NOT NULL,
    recipient text NOT NULL DEFAULT '',
    code smallint,
    enhanced text,
    reply text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT ''
);
CREATE INDEX envoi_events_message ON envoi_events (message);

-- Figures: every transaction adds lines of its own, so that none waits for another; now and then those below
-- the horizon are folded into the totals. What waits is counted by slots of ten seconds of its due time.
CREATE TABLE envoi_tally (
    xid bigint NOT NULL DEFAULT envoi_xid(),
    account text NOT NULL,
    what text NOT NULL,  -- a stage, or the state of a recipient
    slot timestamptz NOT NULL,
    n bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX envoi_tally_xid ON envoi_tally (xid);
CREATE TABLE envoi_totals (
    account text NOT NULL,
    what text NOT NULL,
    slot timestamptz NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (account, what, slot)
) WITH (fillfactor = 50);
CREATE TABLE envoi_fold (
    folded_to bigint NOT NULL,  -- lines below are in the totals
    raised bigint NOT NULL      -- the last transaction folded that made a message wait
);
INSERT INTO envoi_fold VALUES (0, 0);

CREATE FUNCTION envoi_slot(stage text, due_at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN stage = 'waiting' THEN to_timestamp(floor(extract(epoch FROM due_at) / 10) * 10)
        ELSE 'epoch'::timestamptz END
$$;

CREATE FUNCTION envoi_queue_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO envoi_tally (account, what, slot, n)
        SELECT account, stage, envoi_slot(stage, due_at), count(*) FROM added GROUP BY 1, 2, 3;
    INSERT INTO envoi_nudges
        SELECT DISTINCT w.account
        FROM (
            SELECT account, priority, min(due_at) AS due_at FROM added WHERE stage = 'waiting' GROUP BY 1, 2
        ) w
        JOIN envoi_accounts a ON a.name = w.account
        WHERE w.due_at < a.mark_due[w.priority + 1];
    RETURN NULL;
END $$;
CREATE TRIGGER added AFTER INSERT ON envoi_queue REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION envoi_queue_added();

CREATE FUNCTION envoi_queue_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO envoi_tally (account, what, slot, n)
        SELECT account, stage, slot, sum(n)
        FROM (
            SELECT account, stage, envoi_slot(stage, due_at) AS slot, 1 AS n FROM added
            UNION ALL SELECT account, stage, envoi_slot(stage, due_at), -1 FROM removed
        ) changes
        GROUP BY 1, 2, 3 HAVING sum(n) <> 0;
    INSERT INTO envoi_nudges
        SELECT DISTINCT w.account
        FROM (
            SELECT account, priority, min(due_at) AS due_at FROM added WHERE stage = 'waiting' GROUP BY 1, 2
        ) w
        JOIN envoi_accounts a ON a.name = w.account
        WHERE w.due_at < a.mark_due[w.priority + 1];
    RETURN NULL;
END $$;
CREATE TRIGGER changed AFTER UPDATE ON envoi_queue REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION envoi_queue_changed();

CREATE FUNCTION envoi_queue_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO envoi_tally (account, what, slot, n)
        SELECT account, stage, envoi_slot(stage, due_at), -count(*) FROM removed GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;
CREATE TRIGGER removed AFTER DELETE ON envoi_queue REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION envoi_queue_removed();

CREATE FUNCTION envoi_done_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO envoi_tally (account, what, slot, n)
        SELECT '', 'done', 'epoch', count(*) FROM added HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER added AFTER INSERT ON envoi_done REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION envoi_done_added();

CREATE FUNCTION envoi_done_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO envoi_tally (account, what, slot, n)
        SELECT '', 'done', 'epoch', -count(*) FROM removed HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER removed AFTER DELETE ON envoi_done REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION envoi_done_removed();

CREATE FUNCTION envoi_events_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO envoi_tally (account, what, slot, n)
        SELECT '', kind, 'epoch', count(*) FROM added
        WHERE kind IN ('delivered', 'failed', 'unknown', 'cancelled') GROUP BY kind;
    RETURN NULL;
END $$;
CREATE TRIGGER added AFTER INSERT ON envoi_events REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION envoi_events_added();
