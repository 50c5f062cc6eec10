-- +goose Up

-- What the database itself is: one row, made when the store is opened first.
CREATE TABLE meta (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    identity TEXT    NOT NULL, -- of the history that the database is in
    history  INTEGER NOT NULL  -- how often that changed
) STRICT;

-- Instants are microseconds since 1970, ids are 16 bytes.
CREATE TABLE users (
    id           BLOB    NOT NULL PRIMARY KEY,
    external_id  TEXT, -- NULL: none
    email        TEXT    NOT NULL,
    email_folded TEXT    NOT NULL, -- as it is unique
    first_name   TEXT    NOT NULL,
    last_name    TEXT    NOT NULL,
    attributes   TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX users_email ON users (email_folded);
CREATE UNIQUE INDEX users_external_id ON users (external_id) WHERE external_id IS NOT NULL;

-- All that is kept of a deleted user: under which external id events for it may come again.
CREATE TABLE departed_users (
    external_id TEXT NOT NULL PRIMARY KEY,
    user_id     BLOB NOT NULL -- the one deleted last that had it
) STRICT, WITHOUT ROWID;

-- The log. AUTOINCREMENT: a position isn't given out again when the last entries were removed.
CREATE TABLE log (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB    NOT NULL,
    user_id     BLOB    NOT NULL,
    bytes       INTEGER NOT NULL, -- about what the entry takes on a bus
    occurred_at INTEGER NOT NULL,
    type        TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    external_id TEXT, -- NULL: none
    trace       TEXT    NOT NULL,
    extensions  TEXT, -- a JSON object of strings; NULL: none
    data        TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX log_id ON log (id);
CREATE UNIQUE INDEX log_twin ON log (user_id, source, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX log_user ON log (user_id, id);
CREATE INDEX log_type ON log (type, id);
CREATE INDEX log_source ON log (source, id);

-- The published order. A batch has the entries of after_position < position <= last_position.
CREATE TABLE relay_batches (
    batch          INTEGER PRIMARY KEY,
    epoch          INTEGER NOT NULL,
    history        INTEGER NOT NULL, -- meta.history when it was cut
    after_position INTEGER NOT NULL,
    last_position  INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL,
    count          INTEGER NOT NULL,
    before         BLOB    NOT NULL, -- the last sequence of each partition before the batch: 8 bytes each, big-endian
    after          BLOB    NOT NULL, -- the same, with the batch
    done           INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX relay_batches_sequence ON relay_batches (first_sequence);
CREATE INDEX relay_batches_epoch ON relay_batches (epoch, batch);
CREATE INDEX relay_batches_undone ON relay_batches (batch) WHERE done = 0;

CREATE TABLE leases (
    name       TEXT    NOT NULL PRIMARY KEY,
    holder     TEXT    NOT NULL, -- empty: free
    epoch      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE group_partitions (
    group_name TEXT    NOT NULL,
    partition  INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    bus_offset INTEGER NOT NULL,
    PRIMARY KEY (group_name, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE activity_users (
    user_id  BLOB    NOT NULL PRIMARY KEY,
    total    INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    through  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE activity_types (
    user_id BLOB    NOT NULL,
    type    TEXT    NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (user_id, type)
) STRICT, WITHOUT ROWID;

-- The users whose activity isn't kept ever again.
CREATE TABLE activity_forgotten (
    user_id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters (
    id         BLOB    NOT NULL PRIMARY KEY,
    group_name TEXT    NOT NULL,
    partition  INTEGER NOT NULL,
    bus_offset INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    event_id   BLOB    NOT NULL,
    topic      TEXT    NOT NULL,
    raw        BLOB, -- NULL: the entry could be read
    reason     TEXT    NOT NULL,
    died_at    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX dead_letters_group ON dead_letters (group_name, id);

CREATE TABLE secrets (
    name   TEXT NOT NULL PRIMARY KEY,
    secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Written and emptied again to see whether the disk takes anything after a write failed.
CREATE TABLE probes (
    id     INTEGER PRIMARY KEY,
    filler BLOB NOT NULL
) STRICT;
