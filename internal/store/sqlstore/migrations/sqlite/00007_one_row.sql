-- +goose Up

-- The state of a name is one row of objects: head, policy, operation, schedule,
-- jobs and lease, under one revision. A version of a certificate is one row of
-- versions with one body, and serves as certificate, key and secret.
DROP TABLE policies;
DROP TABLE operations;
DROP TABLE lives;
DROP TABLE jobs;
DROP TABLE objects;
DROP TABLE versions;

-- body is JSON, raw holds its byte strings. shelf is what lists choose by: 0
-- live, 1 without a completed version, 2 deleted, 3 both. status is that of a
-- certificate's operation. due is when the first of the jobs falls due, and job
-- its kind; held is the kind of the job that a worker has, token its lease, ''
-- while nobody has one. AUTOINCREMENT: versions of a purged object that are not
-- removed yet must not fall to another.
CREATE TABLE objects (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    vault        TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    key          TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    shelf        BIGINT NOT NULL,
    latest       TEXT   NOT NULL,
    deleted_at   BIGINT,
    purge_at     BIGINT,
    status       TEXT   NOT NULL,
    due          BIGINT,
    job          TEXT   NOT NULL,
    held         TEXT   NOT NULL,
    token        TEXT   NOT NULL,
    leased_until BIGINT NOT NULL,
    attempt      BIGINT NOT NULL,
    rev          BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    raw          BLOB   NOT NULL
);

CREATE TABLE versions (
    object       BIGINT NOT NULL,
    id           TEXT   NOT NULL,
    enabled      BIGINT NOT NULL,
    nbf          BIGINT,
    exp          BIGINT,
    created      BIGINT,
    updated      BIGINT,
    tags         TEXT,
    thumbprint   BLOB,
    subject      TEXT   NOT NULL,
    content_type TEXT   NOT NULL,
    key_type     TEXT   NOT NULL,
    exportable   BIGINT NOT NULL,
    body         BIGINT NOT NULL,
    PRIMARY KEY (object, id)
) WITHOUT ROWID;

-- Objects that are purged and whose versions are still to be removed.
CREATE TABLE purged (
    object INTEGER PRIMARY KEY
);

-- objects_list holds all that a page needs of the row.
CREATE UNIQUE INDEX objects_key ON objects (vault, key, kind);
CREATE INDEX objects_list ON objects (vault, kind, shelf, key, name, latest, deleted_at, purge_at);
CREATE INDEX objects_due ON objects (due) WHERE due IS NOT NULL;
CREATE INDEX objects_leased ON objects (leased_until) WHERE leased_until > 0;
CREATE INDEX objects_status ON objects (status, vault, key) WHERE status IN ('inProgress', 'failed');
