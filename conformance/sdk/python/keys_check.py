"""Keys with the unmodified SDK: every operation in the vault, and the same done here, both ways.

The SDK's CryptographyClient works out by itself what it can. Two clients hold it
to one side: from_jwk never asks the vault, and one whose copy of the key may do
nothing asks the vault for everything.
"""

import hashlib
import logging
from datetime import datetime, timedelta, timezone

from azure.keyvault.keys import JsonWebKey, KeyReleasePolicy, KeyRotationLifetimeAction, KeyRotationPolicy
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

TEXT = b"certwright"
OF_RSA = [SignatureAlgorithm(a) for a in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")]
CURVES = {
    "P-256": (ec.SECP256R1(), SignatureAlgorithm.es256),
    "P-384": (ec.SECP384R1(), SignatureAlgorithm.es384),
    "P-521": (ec.SECP521R1(), SignatureAlgorithm.es512),
    "P-256K": (ec.SECP256K1(), SignatureAlgorithm.es256_k),
}
ENCRYPTIONS = [EncryptionAlgorithm.rsa1_5, EncryptionAlgorithm.rsa_oaep, EncryptionAlgorithm.rsa_oaep_256]
ALL_OPERATIONS = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
logging.getLogger("azure.keyvault.keys").setLevel(logging.ERROR)  # it warns whenever a key may not be used here


def digest(algorithm, text=TEXT):
    return hashlib.new("sha" + algorithm.value[2:5], text).digest()


def number(n, size=None):
    return n.to_bytes(size or (n.bit_length() + 7) // 8, "big")


def jwk(private):
    """Writes a private key as the SDK takes it."""
    if isinstance(private, rsa.RSAPrivateKey):
        k = private.private_numbers()
        members = {"n": k.public_numbers.n, "e": k.public_numbers.e, "d": k.d, "p": k.p, "q": k.q, "dp": k.dmp1, "dq": k.dmq1, "qi": k.iqmp}
        return {"kty": "RSA", "key_ops": ALL_OPERATIONS} | {name: number(v) for name, v in members.items()}
    k, size = private.private_numbers(), (private.curve.key_size + 7) // 8
    crv = next(name for name, (curve, _) in CURVES.items() if curve.name == private.curve.name)
    members = {"x": k.public_numbers.x, "y": k.public_numbers.y, "d": k.private_value}
    return {"kty": "EC", "crv": crv, "key_ops": ["sign", "verify"]} | {name: number(v, size) for name, v in members.items()}


def public(members):
    return {name: v for name, v in vars(members).items() if v is not None and name != "kid"}


def verifies(key, algorithm, text, signature):
    """Verifies with Python's own library."""
    prehashed = utils.Prehashed({"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm.value[2:5]])
    try:
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(prehashed._algorithm), padding.PSS.DIGEST_LENGTH)
            key.verify(signature, digest(algorithm, text), pss if algorithm.value.startswith("PS") else padding.PKCS1v15(), prehashed)
        else:
            half = len(signature) // 2
            der = utils.encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
            key.verify(der, digest(algorithm, text), ec.ECDSA(prehashed))
    except InvalidSignature:
        return False
    return True


def checks(tools):
    keys, credential, run, equal, refused = tools.keys, tools.credential, tools.run, tools.equal, tools.refused

    def remote(key):
        """Returns a client that asks the vault for everything."""
        fresh = keys.get_key(key.name, key.properties.version)
        fresh.key.key_ops = ["import"]
        return CryptographyClient(fresh, credential)

    def local(private):
        """Returns a client that never asks the vault."""
        return CryptographyClient.from_jwk(JsonWebKey(**private))

    def vault_signs(key, algorithms, certificate=None):
        """The vault signs; the SDK verifies here, Python verifies, the vault verifies."""
        vault, here = remote(key), local(public(key.key))
        for algorithm in algorithms:
            signature = vault.sign(algorithm, digest(algorithm)).signature
            broken = bytes([*signature[:-20], signature[-20] ^ 1, *signature[-19:]])
            equal(here.verify(algorithm, digest(algorithm), signature).is_valid, True)
            equal(here.verify(algorithm, digest(algorithm), broken).is_valid, False)
            equal(vault.verify(algorithm, digest(algorithm), signature).is_valid, True)
            equal(vault.verify(algorithm, digest(algorithm), broken).is_valid, False)
            equal(vault.verify(algorithm, digest(algorithm, b"another"), signature).is_valid, False)
            if certificate:
                equal(verifies(certificate.public_key(), algorithm, TEXT, signature), True)

    def we_sign(key, private, algorithms):
        vault = remote(key)
        for algorithm in algorithms:
            signature = local(jwk(private)).sign(algorithm, digest(algorithm)).signature
            equal(vault.verify(algorithm, digest(algorithm), signature).is_valid, True)

    def both_ways(key, private, algorithm):
        """Seals on one side and opens on the other: encrypt and decrypt, wrap and unwrap."""
        vault, here, wrapping = remote(key), local(jwk(private)), KeyWrapAlgorithm(algorithm.value)
        equal(here.decrypt(algorithm, vault.encrypt(algorithm, TEXT).ciphertext).plaintext, TEXT)
        equal(vault.decrypt(algorithm, here.encrypt(algorithm, TEXT).ciphertext).plaintext, TEXT)
        equal(here.unwrap_key(wrapping, vault.wrap_key(wrapping, TEXT).encrypted_key).key, TEXT)
        equal(vault.unwrap_key(wrapping, here.wrap_key(wrapping, TEXT).encrypted_key).key, TEXT)
        as_users_do = CryptographyClient(key, credential)
        equal(as_users_do.decrypt(algorithm, as_users_do.encrypt(algorithm, TEXT).ciphertext).plaintext, TEXT)
        sealed = here.encrypt(algorithm, TEXT).ciphertext
        refused(400, "BadParameter", vault.decrypt, algorithm, bytes([*sealed[:-20], sealed[-20] ^ 1, *sealed[-19:]]))

    def kinds():
        """keys: RSA 2048, 3072, 4096, P-256, P-384, P-521, P-256K and -HSM"""
        for size in (2048, 3072, 4096):
            key = keys.create_rsa_key(f"{run}rsa-{size}", size=size)
            equal((key.key_type, len(key.key.n) * 8, key.key.e, key.key.d), ("RSA", size, b"\x01\x00\x01", None))
            equal([getattr(op, "value", op) for op in key.key_operations], ALL_OPERATIONS)
            equal((key.properties.enabled, key.properties.exportable, key.properties.recoverable_days), (True, False, 90))
        for curve, size in {"P-256": 32, "P-384": 48, "P-521": 66, "P-256K": 32}.items():
            key = keys.create_ec_key(f"{run}ec-{curve}", curve=curve)
            equal((key.key.crv, len(key.key.x), len(key.key.y)), (curve, size, size))
            equal([getattr(op, "value", op) for op in key.key_operations], ["sign", "verify"])
        equal(keys.create_ec_key(run + "hsm", hardware_protected=True).key_type, "EC-HSM")

    def life():
        """keys: get, versions, update, lists by page"""
        name = run + "key"
        start, end = datetime(2040, 1, 1, tzinfo=timezone.utc), datetime(2050, 1, 1, tzinfo=timezone.utc)
        made = keys.create_key(name, "EC", key_operations=["sign"], not_before=start, expires_on=end, tags={"a": "b"})
        equal((made.properties.not_before, made.properties.expires_on, made.properties.tags), (start, end, {"a": "b"}))
        equal(vars(keys.get_key(name).key), vars(made.key))
        second = keys.create_key(name, "EC", curve="P-384")
        equal(vars(keys.get_key(name, made.properties.version).key), vars(made.key))
        changed = keys.update_key_properties(name, made.properties.version, enabled=False, key_operations=["verify"])
        equal((changed.properties.enabled, changed.key_operations, changed.properties.tags), (False, ["verify"], {"a": "b"}))
        equal({k.version for k in keys.list_properties_of_key_versions(name)}, {made.properties.version, second.properties.version})
        names = {f"{run}keys-{i}" for i in range(7)}
        for n in names:
            keys.create_ec_key(n)
        pages = [list(page) for page in keys.list_properties_of_keys(max_page_size=3).by_page()]
        equal(max(len(p) for p in pages) <= 3 and len(pages) > 2, True)
        equal(names <= {k.name for p in pages for k in p}, True)
        equal(names <= {k.name for k in keys.list_properties_of_keys()}, True)

    def rotation():
        """keys: rotate, rotation policy"""
        name = run + "rotate"
        made = keys.create_ec_key(name, curve="P-521", tags={"a": "b"})
        before = keys.get_key_rotation_policy(name)
        equal([(a.action, a.time_before_expiry) for a in before.lifetime_actions], [("Notify", "P30D")])
        after = keys.update_key_rotation_policy(
            name, KeyRotationPolicy(), expires_in="P90D", lifetime_actions=[KeyRotationLifetimeAction("Rotate", time_after_create="P30D")]
        )
        equal((after.expires_in, [a.action for a in after.lifetime_actions]), ("P90D", ["Rotate", "Notify"]))
        following = keys.rotate_key(name)
        equal((following.key.crv, following.properties.tags), ("P-521", {"a": "b"}))
        equal(following.properties.version != made.properties.version, True)
        equal(following.properties.expires_on - following.properties.created_on, timedelta(days=90))
        refused(404, "KeyNotFound", keys.rotate_key, run + "never")
        refused(400, "BadParameter", keys.update_key_rotation_policy, name, KeyRotationPolicy(), expires_in="P1D")

    def recovery():
        """keys: delete, recover, purge, backup, restore"""
        name = run + "key-recover"
        made = keys.create_ec_key(name)
        kept = keys.backup_key(name)
        refused(409, "Conflict", keys.restore_key_backup, kept)
        deleted = keys.begin_delete_key(name).result()
        equal(deleted.scheduled_purge_date - deleted.deleted_date, timedelta(days=90))
        refused(404, "KeyNotFound", keys.get_key, name)
        refused(409, "Conflict", keys.create_ec_key, name)
        equal(name in {k.name for k in keys.list_deleted_keys()}, True)
        keys.begin_recover_deleted_key(name).wait()
        equal(vars(keys.get_key(name).key), vars(made.key))
        keys.begin_delete_key(name).wait()
        keys.purge_deleted_key(name)
        refused(404, "KeyNotFound", keys.get_deleted_key, name)
        equal(vars(keys.restore_key_backup(kept).key), vars(made.key))
        refused(400, "Malformed backup blob", keys.restore_key_backup, b"no backup")

    def imported_rsa():
        """imported RSA keys: sign, encrypt and wrap in the vault and by the SDK here, both ways"""
        for size in (2048, 3072, 4096):
            private = rsa.generate_private_key(65537, size)
            key = keys.import_key(f"{run}imported-{size}", JsonWebKey(**jwk(private)))
            equal(int.from_bytes(key.key.n, "big"), private.public_key().public_numbers().n)
            vault_signs(key, OF_RSA)
            we_sign(key, private, OF_RSA)
            for algorithm in ENCRYPTIONS:
                both_ways(key, private, algorithm)

    def imported_ec():
        """imported EC keys: sign in the vault and by the SDK here, both ways"""
        for name, (curve, algorithm) in CURVES.items():
            private = ec.generate_private_key(curve)
            key = keys.import_key(f"{run}imported-{name}", JsonWebKey(**jwk(private)))
            equal(int.from_bytes(key.key.x, "big"), private.public_key().public_numbers().x)
            vault_signs(key, [algorithm])
            we_sign(key, private, [algorithm])

    def as_users_do():
        """created keys: the SDK picks the side; its RSA key object for Python's library"""
        key = keys.create_rsa_key(run + "created")
        vault_signs(key, OF_RSA)
        client = CryptographyClient(key.id, credential)  # gets the key first
        for algorithm in OF_RSA:
            equal(client.verify(algorithm, digest(algorithm), client.sign(algorithm, digest(algorithm)).signature).is_valid, True)
        private = client.create_rsa_private_key()
        signature = private.sign(TEXT, padding.PKCS1v15(), hashes.SHA256())
        private.public_key().verify(signature, TEXT, padding.PKCS1v15(), hashes.SHA256())
        sealed = client.create_rsa_public_key().encrypt(TEXT, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
        equal(private.decrypt(sealed, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)), TEXT)

    def backed():
        """a certificate's key signs in the vault, the certificate verifies"""
        sorts = [{"key_type": "RSA", "key_size": size} for size in (2048, 3072, 4096)] + [{"key_type": "EC", "key_curve_name": c} for c in CURVES]
        for i, sort in enumerate(sorts):
            name = f"{run}backed-{i}"
            made = tools.create(name, tools.policy("CN=backed", content_type="application/x-pem-file", **sort))
            key = keys.get_key(name)
            equal((key.properties.managed, key.properties.version), (True, made.properties.version))
            algorithms = OF_RSA if "key_size" in sort else [CURVES[sort["key_curve_name"]][1]]
            vault_signs(key, algorithms, x509.load_der_x509_certificate(bytes(made.cer)))
            refused(403, "Forbidden", keys.begin_delete_key, name)
            refused(403, "Forbidden", keys.update_key_properties, name, enabled=False)
            refused(403, "Forbidden", keys.create_ec_key, name)
            refused(403, "Forbidden", keys.backup_key, name)
            refused(403, "Forbidden", keys.rotate_key, name)

    def refusals():
        """keys: what they may not do"""
        name = run + "key-refused"
        refused(404, "KeyNotFound", keys.get_key, name)
        key = keys.create_rsa_key(name, key_operations=["sign"])
        client, rs256 = remote(key), SignatureAlgorithm.rs256
        refused(403, "Forbidden", client.verify, rs256, digest(rs256), b"x" * 256)
        refused(400, "BadParameter", client.sign, SignatureAlgorithm.rs512, digest(rs256))
        refused(400, "BadParameter", client.sign, SignatureAlgorithm.es256, digest(rs256))
        keys.update_key_properties(name, enabled=False)
        refused(403, "Forbidden", client.sign, rs256, digest(rs256))
        now = datetime.now(timezone.utc)
        keys.update_key_properties(name, enabled=True, not_before=now + timedelta(days=9))
        refused(403, "Forbidden", client.sign, rs256, digest(rs256))
        keys.update_key_properties(name, not_before=now - timedelta(days=9), expires_on=now - timedelta(days=8))
        refused(403, "Forbidden", client.sign, rs256, digest(rs256))
        refused(400, "BadParameter", keys.create_rsa_key, run + "bad", size=1024)
        refused(400, "BadParameter", keys.create_ec_key, run + "bad", curve="P-1")
        refused(400, "BadParameter", keys.create_oct_key, run + "bad")
        refused(400, "BadParameter", keys.import_key, run + "bad", JsonWebKey(kty="EC", crv="P-256"))
        refused(404, "KeyNotFound", keys.get_key, run + "bad")
        refused(403, "Forbidden", keys.release_key, name, "token")
        refused(404, "NotFound", keys.get_random_bytes, 16)
        policy = KeyReleasePolicy(b'{"version":"1.0.0"}')
        made = keys.create_ec_key(run + "release", hardware_protected=True, exportable=True, release_policy=policy)
        equal((made.properties.exportable, made.properties.release_policy.encoded_policy), (True, b'{"version":"1.0.0"}'))

    return [kinds, life, rotation, recovery, imported_rsa, imported_ec, as_users_do, backed, refusals]
