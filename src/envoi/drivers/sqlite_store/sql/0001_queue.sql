-- The queue. Instants are microseconds since 1970 in UTC; ids are the 16 octets of a UUID of version 7.
-- A put touches as few pages as it can: each is 4 KiB more to write before `submit` returns.

CREATE TABLE envoi_message (
    id BLOB PRIMARY KEY,
    account TEXT NOT NULL,
    stage TEXT NOT NULL,
    priority INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    done_at INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0,        -- the fence: counts every claim
    attempts INTEGER NOT NULL DEFAULT 0,       -- without those that were given back
    owner TEXT,
    lease_until INTEGER,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    late INTEGER NOT NULL DEFAULT 0,           -- a late reply settled a recipient during this claim
    sender TEXT NOT NULL,
    message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    key TEXT NOT NULL,
    size INTEGER NOT NULL,
    options TEXT NOT NULL,
    content INTEGER                            -- until it is needed no more
) WITHOUT ROWID;

CREATE INDEX envoi_message_ready ON envoi_message (account, priority, due_at, id) WHERE stage = 'waiting';
CREATE INDEX envoi_message_claimed ON envoi_message (owner, id) WHERE stage = 'claimed';
CREATE INDEX envoi_message_done ON envoi_message (done_at, id) WHERE stage = 'done';
CREATE INDEX envoi_message_list ON envoi_message (account, stage, id) WHERE stage <> 'waiting';
CREATE INDEX envoi_message_name ON envoi_message (message_id);

CREATE TABLE envoi_recipient (
    message BLOB NOT NULL,
    position INTEGER NOT NULL,
    address TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    dotted INTEGER NOT NULL DEFAULT 0,         -- the attempt whose final dot was about to be written
    code INTEGER,
    enhanced TEXT,
    text TEXT NOT NULL DEFAULT '',
    settled_at INTEGER,
    PRIMARY KEY (message, position)
) WITHOUT ROWID;

CREATE INDEX envoi_recipient_address ON envoi_recipient (address COLLATE NOCASE, message);
CREATE INDEX envoi_recipient_state ON envoi_recipient (state, message) WHERE state <> 'pending';

CREATE TABLE envoi_content (
    number INTEGER PRIMARY KEY,
    octets BLOB,
    file TEXT
);

CREATE INDEX envoi_content_file ON envoi_content (file) WHERE file IS NOT NULL;

CREATE TABLE envoi_key (
    key TEXT NOT NULL,
    account TEXT NOT NULL,
    message BLOB NOT NULL,
    message_id TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    ended_at INTEGER,                          -- set when the message is purged
    PRIMARY KEY (key, account)
) WITHOUT ROWID;

CREATE INDEX envoi_key_ended ON envoi_key (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE envoi_event (
    position INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    message BLOB NOT NULL,
    recipient TEXT NOT NULL,
    code INTEGER,
    enhanced TEXT,
    text TEXT NOT NULL
);

CREATE TABLE envoi_account (
    name TEXT PRIMARY KEY,
    rules TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '',
    served INTEGER NOT NULL DEFAULT 0          -- ascending: who was served last has the highest
) WITHOUT ROWID;

CREATE TABLE envoi_suppressed (
    folded TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    message TEXT NOT NULL
) WITHOUT ROWID;

-- An account is there as soon as a message names it. Figures, kept by the triggers below, because counting a million rows takes too long:
--   'waiting', 'claimed', 'held', 'done'  account            messages in that stage
--   'due'                                 a second, in µs    messages that wait and are due within it
--   'settled'                             state              recipients that ever came into it
CREATE TABLE envoi_count (
    name TEXT NOT NULL,
    key NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (name, key)
) WITHOUT ROWID;

CREATE TRIGGER envoi_message_inserted AFTER INSERT ON envoi_message BEGIN
    INSERT INTO envoi_account (name) VALUES (NEW.account) ON CONFLICT DO NOTHING;
    INSERT INTO envoi_count VALUES (NEW.stage, NEW.account, 1)
        ON CONFLICT DO UPDATE SET amount = amount + 1;
    INSERT INTO envoi_count SELECT 'due', NEW.due_at - NEW.due_at % 1000000, 1 WHERE NEW.stage = 'waiting'
        ON CONFLICT DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER envoi_message_deleted AFTER DELETE ON envoi_message BEGIN
    UPDATE envoi_count SET amount = amount - 1 WHERE name = OLD.stage AND key = OLD.account;
END;

CREATE TRIGGER envoi_message_moved AFTER UPDATE OF stage, account ON envoi_message
WHEN OLD.stage <> NEW.stage OR OLD.account <> NEW.account BEGIN
    INSERT INTO envoi_account (name) VALUES (NEW.account) ON CONFLICT DO NOTHING;
    UPDATE envoi_count SET amount = amount - 1 WHERE name = OLD.stage AND key = OLD.account;
    INSERT INTO envoi_count VALUES (NEW.stage, NEW.account, 1)
        ON CONFLICT DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER envoi_message_not_due AFTER UPDATE OF stage, due_at ON envoi_message
WHEN OLD.stage = 'waiting' AND (NEW.stage <> 'waiting' OR NEW.due_at <> OLD.due_at) BEGIN
    UPDATE envoi_count SET amount = amount - 1
        WHERE name = 'due' AND key = OLD.due_at - OLD.due_at % 1000000;
    DELETE FROM envoi_count
        WHERE name = 'due' AND key = OLD.due_at - OLD.due_at % 1000000 AND amount = 0;
END;

CREATE TRIGGER envoi_message_due AFTER UPDATE OF stage, due_at ON envoi_message
WHEN NEW.stage = 'waiting' AND (OLD.stage <> 'waiting' OR NEW.due_at <> OLD.due_at) BEGIN
    INSERT INTO envoi_count VALUES ('due', NEW.due_at - NEW.due_at % 1000000, 1)
        ON CONFLICT DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER envoi_recipient_refused AFTER INSERT ON envoi_recipient WHEN NEW.state <> 'pending' BEGIN
    INSERT INTO envoi_count VALUES ('settled', NEW.state, 1)
        ON CONFLICT DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER envoi_recipient_settled AFTER UPDATE OF state ON envoi_recipient
WHEN OLD.state <> NEW.state AND NEW.state NOT IN ('pending', 'deferred') BEGIN
    INSERT INTO envoi_count VALUES ('settled', NEW.state, 1)
        ON CONFLICT DO UPDATE SET amount = amount + 1;
END;
