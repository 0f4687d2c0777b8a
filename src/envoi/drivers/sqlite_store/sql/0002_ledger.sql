-- A put writes what was accepted, and nothing that follows from it: figures, accounts and what mail is found by
-- are brought up to date later, for many messages at once (ledger.py).

-- The event 'submitted' and the content of a message. The content goes when it is needed no more; the event
-- then moves to envoi_event. Both tables take their positions from one sequence.
CREATE TABLE envoi_arrival (
    position INTEGER PRIMARY KEY,
    at INTEGER,                                -- NULL: the event is in envoi_event
    message BLOB NOT NULL,
    file TEXT,
    octets BLOB                                -- last, so that nobody reads through it for another column
);

INSERT INTO envoi_arrival (position, message, file, octets)
SELECT c.number, m.id, c.file, c.octets FROM envoi_message m JOIN envoi_content c ON c.number = m.content
ORDER BY c.number;

DROP TABLE envoi_content;

CREATE INDEX envoi_arrival_file ON envoi_arrival (file) WHERE file IS NOT NULL;

-- The recipients of a message, one a line, that have no rows of their own: all pending, due when the message is.
ALTER TABLE envoi_message ADD COLUMN recipients TEXT NOT NULL DEFAULT '';

-- What a message is found by: its Message-ID and its recipients' addresses.
CREATE TABLE envoi_word (
    word TEXT NOT NULL COLLATE NOCASE,
    message BLOB NOT NULL,
    PRIMARY KEY (word, message)
) WITHOUT ROWID;

INSERT INTO envoi_word
SELECT message_id, id FROM envoi_message UNION SELECT address COLLATE NOCASE, message FROM envoi_recipient;

DROP INDEX envoi_message_name;
DROP INDEX envoi_recipient_address;

-- Up to which position all of that is done.
INSERT INTO envoi_count SELECT 'posted', '', coalesce(max(position), 0) FROM envoi_arrival;

DROP TRIGGER envoi_message_inserted;
DROP TRIGGER envoi_recipient_refused;

CREATE TRIGGER envoi_recipient_written AFTER INSERT ON envoi_recipient
WHEN NEW.state NOT IN ('pending', 'deferred') BEGIN
    INSERT INTO envoi_count VALUES ('settled', NEW.state, 1)
        ON CONFLICT DO UPDATE SET amount = amount + 1;
END;
