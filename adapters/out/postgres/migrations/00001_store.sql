-- +goose Up

-- Locks of the running release are waited for, but not for long: what waits behind a waiting ALTER stands still.
SET LOCAL lock_timeout = '5s';

-- Which store this is: the id is made here and never changes; a copy or a restore has the same.
CREATE TABLE store (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id        uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO store DEFAULT VALUES;

CREATE TABLE secrets (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);

CREATE TABLE leases (
    name       text PRIMARY KEY,
    holder     text NOT NULL, -- empty: released
    epoch      bigint NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- A deleted user keeps its row, without anything personal but the external id, so that an event that was sent before
-- the deletion is still known when it is sent again.
CREATE TABLE users (
    id          uuid PRIMARY KEY,
    external_id text,
    email       text NOT NULL,
    email_fold  text NOT NULL, -- folded by the service: every store must fold alike
    first_name  text NOT NULL,
    last_name   text NOT NULL,
    attributes  text NOT NULL, -- the JSON text as it was sent
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    deleted_at  timestamptz
);
CREATE UNIQUE INDEX users_email_key ON users (email_fold) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_external_id_key ON users (external_id) WHERE deleted_at IS NULL;
CREATE INDEX users_external_id_history ON users (external_id, deleted_at) WHERE external_id IS NOT NULL;
CREATE INDEX users_live ON users (id) WHERE deleted_at IS NULL;

-- The event log, which is the outbox too. Rows are never updated. The id is a UUIDv7, so that a range of ids is a
-- range of time. xid comes before position: a transaction has its xid before it takes a position, which the bounds of
-- the relay's windows rest on (windows.go).
CREATE SEQUENCE log_position AS bigint CACHE 1;
CREATE TABLE log (
    id          uuid NOT NULL PRIMARY KEY,
    user_id     uuid NOT NULL,
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    position    bigint NOT NULL DEFAULT nextval('log_position'),
    occurred_at timestamptz NOT NULL,
    bytes       integer NOT NULL, -- roughly the entry's size on the bus
    type        text NOT NULL,
    source      text NOT NULL,
    external_id text,
    data        text NOT NULL,    -- the JSON text as it was sent
    extensions  text,             -- a JSON object of strings
    trace       text
) PARTITION BY RANGE (id);
CREATE INDEX log_position_idx ON log (position);
CREATE INDEX log_xid_position_idx ON log (xid, position);
CREATE INDEX log_user_id_id_idx ON log (user_id, id);
CREATE INDEX log_type_id_idx ON log (type, id);
CREATE INDEX log_source_id_idx ON log (source, id);

-- Takes what no weekly partition is there for. Rows in it stand in the way of that week's partition.
CREATE TABLE log_default PARTITION OF log DEFAULT;

-- What makes an event sent again a duplicate. A unique constraint of the log itself can't span its partitions.
CREATE TABLE event_keys (
    user_id     uuid NOT NULL,
    source      text NOT NULL,
    external_id text NOT NULL,
    event_id    uuid NOT NULL,
    PRIMARY KEY (user_id, source, external_id)
);

-- The published order: the log, cut into windows (prev, cur) by snapshot difference, and these into batches by
-- position. windows.go says what each bound is for.
CREATE TABLE relay_batches (
    batch             bigint PRIMARY KEY,
    epoch             bigint NOT NULL,
    prev              pg_snapshot NOT NULL,
    cur               pg_snapshot NOT NULL,
    horizon           xid8 NOT NULL,
    stragglers        xid8[] NOT NULL,
    whole             boolean NOT NULL,
    floor_position    bigint NOT NULL,
    low_position      bigint NOT NULL,
    high_position     bigint NOT NULL,
    after_position    bigint NOT NULL,
    last_position     bigint NOT NULL,
    low_id            uuid NOT NULL,
    high_id           uuid NOT NULL,
    first_sequence    bigint NOT NULL,
    last_sequence     bigint NOT NULL,
    before            bigint[] NOT NULL,
    window_end        boolean NOT NULL,
    system_identifier bigint NOT NULL, -- of the cluster that cur is a snapshot of
    history           text NOT NULL,   -- in which the sequences were given out (identity.go)
    cut_at            timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX relay_batches_last_sequence_idx ON relay_batches (last_sequence) WHERE batch > 0;
CREATE INDEX relay_batches_epoch_idx ON relay_batches (epoch, last_sequence) WHERE batch > 0;

-- Before the first batch there is an empty one, from a snapshot that nothing is visible in.
INSERT INTO relay_batches
SELECT 0, 0, '1:1:', '1:1:', '1', '{}', false, 0, 0, 0, 0, 0,
       '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', 1, 0, '{}', true,
       system_identifier, ''
FROM pg_control_system();

-- How far the relay is. At most the last batch isn't done.
CREATE TABLE relay (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    done      bigint NOT NULL,   -- number of the last batch that the bus acknowledged
    heads     bigint[] NOT NULL  -- per partition the last sequence given out; empty before the first batch
) WITH (fillfactor = 50);
INSERT INTO relay VALUES (true, 0, '{}');

CREATE TABLE group_partitions (
    group_name text NOT NULL,
    partition  integer NOT NULL,
    generation bigint NOT NULL,
    epoch      bigint NOT NULL,
    sequence   bigint NOT NULL,
    "offset"   bigint NOT NULL,
    PRIMARY KEY (group_name, partition)
) WITH (fillfactor = 50);

CREATE TABLE activity_users (
    user_id   uuid PRIMARY KEY,
    total     bigint NOT NULL,
    first_at  timestamptz,
    last_at   timestamptz,
    through   uuid,
    forgotten boolean NOT NULL
) WITH (fillfactor = 80);

CREATE TABLE activity_types (
    user_id uuid NOT NULL,
    type    text NOT NULL,
    count   bigint NOT NULL,
    PRIMARY KEY (user_id, type)
) WITH (fillfactor = 80);

CREATE TABLE dead_letters (
    id         uuid PRIMARY KEY,
    group_name text NOT NULL,
    partition  integer NOT NULL,
    "offset"   bigint NOT NULL,
    epoch      bigint NOT NULL,
    sequence   bigint NOT NULL,
    event_id   uuid,
    topic      text NOT NULL,
    raw        bytea,
    reason     text NOT NULL,
    died_at    timestamptz NOT NULL
);
CREATE INDEX dead_letters_group_idx ON dead_letters (group_name, id);

-- +goose Down
DROP TABLE dead_letters, activity_types, activity_users, group_partitions, relay, relay_batches, event_keys, log, users,
    leases, secrets, store;
DROP SEQUENCE log_position;
