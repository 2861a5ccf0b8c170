"""Secrets with the unmodified SDK."""

import base64
import os
import subprocess
import tempfile
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import serialization


def checks(tools):
    secrets, run, equal, refused = tools.secrets, tools.run, tools.equal, tools.refused

    def life():
        """secrets: set, get, versions, update, lists by page"""
        name = run + "secret"
        start, end = datetime(2030, 1, 1, tzinfo=timezone.utc), datetime(2040, 1, 1, tzinfo=timezone.utc)
        made = secrets.set_secret(name, "Grüße", content_type="big secret", not_before=start, tags={"tag": "value"})
        equal((made.value, made.properties.content_type, made.properties.not_before, made.properties.tags), ("Grüße", "big secret", start, {"tag": "value"}))
        equal((secrets.get_secret(name).value, secrets.get_secret(name).id), ("Grüße", made.id))
        second = secrets.set_secret(name, "second")
        changed = secrets.update_secret_properties(name, made.properties.version, content_type="text/plain", expires_on=end)
        equal((changed.content_type, changed.expires_on, changed.not_before, changed.tags), ("text/plain", end, start, {"tag": "value"}))
        equal((secrets.get_secret(name, made.properties.version).value, secrets.get_secret(name).value), ("Grüße", "second"))
        equal({x.version for x in secrets.list_properties_of_secret_versions(name)}, {made.properties.version, second.properties.version})
        names = {f"{run}secrets-{i}" for i in range(7)}
        for n in names:
            secrets.set_secret(n, "v")
        pages = [list(page) for page in secrets.list_properties_of_secrets(max_page_size=3).by_page()]
        equal(max(len(p) for p in pages) <= 3 and len(pages) > 2, True)
        equal(names <= {x.name for p in pages for x in p}, True)
        equal(names <= {x.name for x in secrets.list_properties_of_secrets()}, True)

    def recovery():
        """secrets: delete, recover, purge, backup, restore"""
        name = run + "secret-recover"
        made = secrets.set_secret(name, "kept")
        kept = secrets.backup_secret(name)
        refused(409, "Conflict", secrets.restore_secret_backup, kept)
        deleted = secrets.begin_delete_secret(name).result()
        equal((deleted.scheduled_purge_date - deleted.deleted_date, bool(deleted.recovery_id)), (timedelta(days=90), True))
        refused(404, "SecretNotFound", secrets.get_secret, name)
        refused(409, "Conflict", secrets.set_secret, name, "other")
        equal(name in {x.name for x in secrets.list_deleted_secrets()}, True)
        secrets.begin_recover_deleted_secret(name).wait()
        equal((secrets.get_secret(name).value, secrets.get_secret(name).id), ("kept", made.id))
        secrets.begin_delete_secret(name).wait()
        secrets.purge_deleted_secret(name)
        refused(404, "SecretNotFound", secrets.get_deleted_secret, name)
        equal(secrets.restore_secret_backup(kept).id, made.id)
        equal(secrets.get_secret(name, made.properties.version).value, "kept")
        refused(400, "Malformed backup blob", secrets.restore_secret_backup, b"no backup")

    def refusals():
        """secrets: limits, disabled"""
        name = run + "secret-refused"
        refused(404, "SecretNotFound", secrets.get_secret, name)
        refused(400, "BadParameter", secrets.set_secret, name, "x" * (25 * 1024 + 1))
        refused(404, "SecretNotFound", secrets.get_secret, name)
        made = secrets.set_secret(name, "x" * 25 * 1024)
        refused(400, "BadParameter", secrets.set_secret, name, "v", content_type="t" * 256)
        secrets.update_secret_properties(name, made.properties.version, enabled=False)
        refused(403, "Forbidden", secrets.get_secret, name)
        secrets.update_secret_properties(name, enabled=True)
        equal(len(secrets.get_secret(name).value), 25 * 1024)
        refused(400, "BadParameter", secrets.set_secret, "under_score", "v")

    def backing():
        """a certificate's secret opens in OpenSSL, as PFX and by out_content_type, and refuses direct writes"""
        for sort in ({"key_type": "RSA", "key_size": 2048}, {"key_type": "EC", "key_curve_name": "P-521"}):
            name = f"{run}opened-{sort['key_type']}"
            made = tools.create(name, tools.policy("CN=opened", **sort))
            secret = secrets.get_secret(name)
            equal((secret.properties.content_type, secret.properties.version), ("application/x-pkcs12", made.properties.version))
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "it.pfx")
                with open(path, "wb") as f:
                    f.write(base64.b64decode(secret.value))
                text = subprocess.run(["openssl", "pkcs12", "-in", path, "-nodes", "-passin", "pass:", "-legacy"], capture_output=True, check=True).stdout
            pem = secrets.get_secret(name, out_content_type="application/x-pem-file").value.encode()
            leaf = x509.load_der_x509_certificate(bytes(made.cer))
            for opened in (text, pem):
                key, cert = serialization.load_pem_private_key(opened, None), x509.load_pem_x509_certificate(opened)
                equal((key.public_key() == leaf.public_key(), cert == leaf), (True, True))
            refused(403, "Forbidden", secrets.set_secret, name, "v")
            refused(403, "Forbidden", secrets.update_secret_properties, name, enabled=False)
            refused(403, "Forbidden", secrets.begin_delete_secret, name)
            refused(403, "Forbidden", secrets.backup_secret, name)

    return [life, recovery, refusals, backing]
