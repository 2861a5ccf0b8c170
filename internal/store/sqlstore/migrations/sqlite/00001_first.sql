-- +goose Up

-- Heads. shelf is what lists choose by: 0 live, 1 live without a completed
-- version, 2 deleted, 3 deleted without a completed version. It stands in the
-- primary key, so that a list page is one run of neighbouring rows, whatever
-- the other shelves hold; a single head is found by objects_key.
-- Times in columns: whole unix seconds for attributes, unix nanoseconds for the
-- rest; NULL is the zero time. Tags: NULL is none.
CREATE TABLE objects (
    vault      TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    shelf      BIGINT NOT NULL,
    latest     TEXT   NOT NULL,
    managed    BIGINT NOT NULL,
    deleted_at BIGINT,
    purge_at   BIGINT,
    created    BIGINT,
    rev        BIGINT NOT NULL,
    PRIMARY KEY (vault, kind, shelf, key)
) WITHOUT ROWID;

CREATE UNIQUE INDEX objects_key ON objects (vault, kind, key);

CREATE TABLE policies (
    vault TEXT NOT NULL,
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    body  TEXT NOT NULL,
    PRIMARY KEY (vault, kind, key)
);

-- List rows: small and apart from the bodies, so that a page never touches one.
CREATE TABLE versions (
    vault        TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    key          TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    enabled      BIGINT NOT NULL,
    nbf          BIGINT,
    exp          BIGINT,
    created      BIGINT,
    updated      BIGINT,
    tags         TEXT,
    managed      BIGINT NOT NULL,
    pending      BIGINT NOT NULL,
    thumbprint   BLOB,
    subject      TEXT   NOT NULL,
    content_type TEXT   NOT NULL,
    body         BIGINT NOT NULL,
    PRIMARY KEY (vault, kind, key, id)
) WITHOUT ROWID;

-- Bodies of versions: body says what there is, raw holds its bytes. They are
-- filled in order of arrival, so a batch of writes touches few pages.
CREATE TABLE bodies (
    id   INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    raw  BLOB NOT NULL
);

CREATE TABLE operations (
    vault  TEXT   NOT NULL,
    kind   TEXT   NOT NULL,
    key    TEXT   NOT NULL,
    rev    BIGINT NOT NULL,
    body   TEXT   NOT NULL,
    raw    BLOB   NOT NULL,
    PRIMARY KEY (vault, kind, key)
);

CREATE TABLE issuers (
    vault TEXT NOT NULL,
    key   TEXT NOT NULL,
    body  TEXT NOT NULL,
    PRIMARY KEY (vault, key)
);

CREATE TABLE contacts (
    vault TEXT NOT NULL PRIMARY KEY,
    body  TEXT NOT NULL
);

-- leased_until is 0 and token '' while nobody holds the job.
CREATE TABLE jobs (
    job          TEXT   NOT NULL,
    vault        TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    key          TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    due          BIGINT NOT NULL,
    attempt      BIGINT NOT NULL,
    token        TEXT   NOT NULL,
    leased_until BIGINT NOT NULL,
    PRIMARY KEY (vault, kind, key, job)
) WITHOUT ROWID;

CREATE INDEX jobs_due ON jobs (due);
CREATE INDEX jobs_leased ON jobs (leased_until) WHERE leased_until > 0;

-- AUTOINCREMENT: a sequence number is never given twice, not even after a reset.
CREATE TABLE outbox (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    state   TEXT   NOT NULL,
    topic   TEXT   NOT NULL,
    vault   TEXT   NOT NULL,
    kind    TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    version TEXT   NOT NULL,
    at      BIGINT,
    tries   BIGINT NOT NULL,
    error   TEXT   NOT NULL,
    body    BLOB
);

CREATE INDEX outbox_state ON outbox (state, seq);

CREATE TABLE accounts (
    id   TEXT   NOT NULL PRIMARY KEY,
    body BLOB,
    rev  BIGINT NOT NULL
);

CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
