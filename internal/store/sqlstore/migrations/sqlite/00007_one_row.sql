-- +goose Up

-- The state of a name is one row of objects: head, policy, operation, schedule,
-- jobs and lease, under one revision. A version of a certificate is one row of
-- versions with one body, and serves as certificate, key and secret.
DROP INDEX objects_key;
ALTER TABLE objects RENAME TO old_objects;
ALTER TABLE versions RENAME TO old_versions;
ALTER TABLE bodies RENAME TO old_bodies;

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

-- By name first: the versions that a list page shows stand as near to each other
-- as their objects do in the list.
CREATE TABLE versions (
    vault        TEXT   NOT NULL,
    key          TEXT   NOT NULL,
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
    PRIMARY KEY (vault, key, object, id)
) WITHOUT ROWID;

-- Bodies of versions, filled in order of arrival: a batch of writes touches few pages.
CREATE TABLE bodies (
    id   INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    raw  BLOB NOT NULL
);

-- Objects that are purged and whose versions are still to be removed.
CREATE TABLE purged (
    object INTEGER PRIMARY KEY,
    vault  TEXT NOT NULL,
    key    TEXT NOT NULL
);

-- All names: those that callers reach, and those that have only an operation
-- that was taken back, or jobs.
CREATE TEMP TABLE names AS
SELECT vault, kind, key FROM old_objects WHERE managed = 0
UNION SELECT vault, kind, key FROM operations WHERE kind NOT IN ('certificates', 'keys', 'secrets')
UNION SELECT vault, kind, key FROM jobs WHERE kind NOT IN ('certificates', 'keys', 'secrets');

CREATE UNIQUE INDEX old_objects_key ON old_objects (vault, kind, key);

-- json_patch leaves out what is NULL. Of a completed operation there stays what
-- GET shows. Leases end with the process that held them.
INSERT INTO objects (vault, kind, key, name, shelf, latest, deleted_at, purge_at, status, due, job, held, token, leased_until, attempt, rev, body, raw)
SELECT n.vault, n.kind, n.key,
    coalesce(o.name, p.body ->> '$.name', (SELECT j.name FROM jobs j WHERE j.vault = n.vault AND j.kind = n.kind AND j.key = n.key), n.key),
    coalesce(o.shelf & 3, 0), coalesce(o.latest, ''), o.deleted_at, o.purge_at,
    CASE WHEN n.kind = 'certificates' THEN coalesce(p.status, '') ELSE '' END,
    (SELECT j.due FROM jobs j WHERE j.vault = n.vault AND j.kind = n.kind AND j.key = n.key ORDER BY j.due, j.job LIMIT 1),
    coalesce((SELECT j.job FROM jobs j WHERE j.vault = n.vault AND j.kind = n.kind AND j.key = n.key ORDER BY j.due, j.job LIMIT 1), ''),
    '', '', 0,
    coalesce((SELECT j.attempt FROM jobs j WHERE j.vault = n.vault AND j.kind = n.kind AND j.key = n.key ORDER BY j.due, j.job LIMIT 1), 0),
    coalesce(o.rev, 1),
    json_patch('{"v":1}', json_object(
        'created', coalesce(o.created, p.body ->> '$.created'),
        'policy', CASE WHEN n.kind = 'certificates' THEN json_remove(y.body, '$.v') END,
        'rotation', CASE WHEN n.kind = 'keys' THEN json_remove(y.body, '$.v') END,
        'placeholder', CASE WHEN o.shelf & 1 THEN json_object('enabled', CASE WHEN v.enabled THEN json('true') END,
            'nbf', v.nbf, 'exp', v.exp, 'created', v.created, 'updated', v.updated, 'tags', json(v.tags)) END,
        'operation', CASE WHEN p.status = 'completed' THEN
            json_set(json_remove(p.body, '$.v', '$.private', '$.state', '$.issuer', '$.issuer_vault', '$.tags', '$.failure', '$.detail', '$.asks',
                    CASE WHEN p.body ->> '$.name' = o.name THEN '$.name' ELSE '$.v' END),
                '$.policy', json_object('issuer', p.body -> '$.policy.issuer', 'cty', p.body -> '$.policy.cty', 'transparency', p.body -> '$.policy.transparency'))
            ELSE json_remove(p.body, '$.v', '$.policy.v', CASE WHEN p.body ->> '$.name' = o.name THEN '$.name' ELSE '$.v' END) END,
        'schedule', json_remove(l.body, '$.v'),
        'jobs', (SELECT CASE WHEN count(*) > 0 THEN json_group_object(j.job, j.due) END FROM jobs j WHERE j.vault = n.vault AND j.kind = n.kind AND j.key = n.key))),
    CASE WHEN p.status = 'completed' THEN substr(p.raw, 1, coalesce(p.body ->> '$.csr', 0)) ELSE coalesce(p.raw, x'') END
FROM temp.names n
LEFT JOIN old_objects o ON o.vault = n.vault AND o.kind = n.kind AND o.key = n.key
LEFT JOIN policies y ON y.vault = n.vault AND y.kind = n.kind AND y.key = n.key
LEFT JOIN operations p ON p.vault = n.vault AND p.kind = n.kind AND p.key = n.key
LEFT JOIN lives l ON l.vault = n.vault AND l.kind = n.kind AND l.key = n.key
LEFT JOIN old_versions v ON v.vault = n.vault AND v.kind = n.kind AND v.key = n.key AND v.id = o.latest AND v.pending <> 0
ORDER BY n.vault, n.kind, n.key;

CREATE UNIQUE INDEX objects_key ON objects (vault, key, kind);

-- The versions, each of a certificate joined with its key and secret. A secret
-- keeps the value that it has.
INSERT INTO versions (vault, key, object, id, enabled, nbf, exp, created, updated, tags, thumbprint, subject, content_type, key_type, exportable, body)
SELECT o.vault, o.key, o.id, v.id, v.enabled, v.nbf, v.exp, v.created, v.updated, v.tags, v.thumbprint, v.subject,
    coalesce(s.content_type, v.content_type), coalesce(k.key_type, v.key_type), coalesce(k.exportable, v.exportable), v.body
FROM objects o
JOIN old_versions v ON v.vault = o.vault AND v.kind = o.kind AND v.key = o.key AND v.pending = 0
LEFT JOIN old_versions k ON o.kind = 'certificates' AND k.vault = v.vault AND k.kind = 'keys' AND k.key = v.key AND k.id = v.id
LEFT JOIN old_versions s ON o.kind = 'certificates' AND s.vault = v.vault AND s.kind = 'secrets' AND s.key = v.key AND s.id = v.id;

INSERT INTO bodies (id, body, raw)
SELECT c.id,
    CASE WHEN o.kind <> 'certificates' THEN c.body ELSE json_patch('{"v":1}', json_object(
        'certificate', json_extract(c.body, '$.certificate'), 'key', json_extract(kb.body, '$.key'), 'secret', json_extract(sb.body, '$.secret'))) END,
    CASE WHEN o.kind <> 'certificates' THEN c.raw ELSE CAST(c.raw || coalesce(kb.raw, x'') || coalesce(sb.raw, x'') AS BLOB) END
FROM objects o
JOIN versions v ON v.vault = o.vault AND v.key = o.key AND v.object = o.id
JOIN old_bodies c ON c.id = v.body
LEFT JOIN old_versions k ON o.kind = 'certificates' AND k.vault = o.vault AND k.kind = 'keys' AND k.key = o.key AND k.id = v.id
LEFT JOIN old_versions s ON o.kind = 'certificates' AND s.vault = o.vault AND s.kind = 'secrets' AND s.key = o.key AND s.id = v.id
LEFT JOIN old_bodies kb ON kb.id = k.body
LEFT JOIN old_bodies sb ON sb.id = s.body
ORDER BY c.id;

DROP TABLE temp.names;
DROP TABLE old_objects;
DROP TABLE old_versions;
DROP TABLE old_bodies;
DROP TABLE policies;
DROP TABLE operations;
DROP TABLE lives;
DROP TABLE jobs;

-- objects_list holds all that a page needs of the row.
CREATE INDEX objects_list ON objects (vault, kind, shelf, key, name, latest, deleted_at, purge_at);
CREATE INDEX objects_due ON objects (due) WHERE due IS NOT NULL;
CREATE INDEX objects_leased ON objects (leased_until) WHERE leased_until > 0;
CREATE INDEX objects_status ON objects (status, vault, key) WHERE status IN ('inProgress', 'failed');
