"""Checks a running server with the unmodified Azure SDK for Python.

Verification on, no client option set, DefaultAzureCredential, and nothing but
environment variables to find the vault. Run by: conformance/sdk/run python
"""

import base64
import hashlib
import os
import sys
import time
import traceback
from datetime import datetime, timedelta, timezone

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.keyvault.certificates import (
    AdministratorContact,
    CertificateClient,
    CertificateContact,
    CertificateContentType,
    CertificatePolicy,
    KeyType,
)
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import SignatureAlgorithm
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

import keys_check
import secrets_check

URL = os.environ.get("AZURE_KEYVAULT_URL") or sys.exit("AZURE_KEYVAULT_URL is not set\nhint: conformance/sdk/run python")
CREDENTIAL = DefaultAzureCredential()
CERTIFICATES = CertificateClient(URL, CREDENTIAL)
KEYS = KeyClient(URL, CREDENTIAL)
SECRETS = SecretClient(URL, CREDENTIAL)
RUN = f"py-{int(time.time() * 1000)}-"
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1(), "P-256K": ec.SECP256K1()}


def policy(subject, **more):
    members = {"issuer_name": "Self", "subject": subject, "key_type": KeyType.ec, "san_dns_names": ["a.example"]}
    return CertificatePolicy(**(members | more))


def create(name, asked):
    """Creates a certificate and waits as the SDK does."""
    return CERTIFICATES.begin_create_certificate(name, asked).result()


def built(subject, public, signer, issuer):
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(signer, hashes.SHA256())
    )


def outside():
    """Makes a key and a certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Imported")])
    return key, built(name, key.public_key(), key, name)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def opened(secret):
    """Returns the private key and the leaf of a secret, by Python's own readers."""
    if secret.properties.content_type == "application/x-pkcs12":
        key, leaf, _ = pkcs12.load_key_and_certificates(base64.b64decode(secret.value), None)
        return key, leaf
    text = secret.value.encode()
    return serialization.load_pem_private_key(text, None), x509.load_pem_x509_certificate(text)


def verify(public, signature):
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, b"certwright", padding.PKCS1v15(), hashes.SHA256())
    else:
        public.verify(signature, b"certwright", ec.ECDSA(hashes.SHA256()))


def agree(certificate, content_type):
    """Signs with the secret's private key; certificate and key must verify it."""
    name, version = certificate.name, certificate.properties.version
    secret = SECRETS.get_secret(name, version)
    assert secret.properties.content_type == content_type, secret.properties.content_type
    private, leaf = opened(secret)
    assert der(leaf) == bytes(certificate.cer), "the secret holds another certificate"
    if isinstance(private, rsa.RSAPrivateKey):
        signature = private.sign(b"certwright", padding.PKCS1v15(), hashes.SHA256())
    else:
        signature = private.sign(b"certwright", ec.ECDSA(hashes.SHA256()))
    verify(leaf.public_key(), signature)
    key = KEYS.get_key(name, version)
    jwk = key.key
    if jwk.n:
        public = rsa.RSAPublicNumbers(int.from_bytes(jwk.e, "big"), int.from_bytes(jwk.n, "big")).public_key()
    else:
        curve = CURVES[getattr(jwk.crv, "value", jwk.crv)]
        public = ec.EllipticCurvePublicNumbers(int.from_bytes(jwk.x, "big"), int.from_bytes(jwk.y, "big"), curve).public_key()
    verify(public, signature)
    in_vault(key, leaf.public_key())


def in_vault(key, public):
    """Lets the vault sign with the key, and verifies with the certificate."""
    client = KEYS.get_cryptography_client(key.name, key_version=key.properties.version)
    if isinstance(public, rsa.RSAPublicKey):
        signed = client.sign(SignatureAlgorithm.rs256, hashlib.sha256(b"certwright").digest())
        verify(public, signed.signature)
        return
    algorithm, digest, of = {
        "secp256r1": (SignatureAlgorithm.es256, hashlib.sha256, hashes.SHA256()),
        "secp256k1": (SignatureAlgorithm.es256_k, hashlib.sha256, hashes.SHA256()),
        "secp384r1": (SignatureAlgorithm.es384, hashlib.sha384, hashes.SHA384()),
        "secp521r1": (SignatureAlgorithm.es512, hashlib.sha512, hashes.SHA512()),
    }[public.curve.name]
    signature = client.sign(algorithm, digest(b"certwright").digest()).signature
    half = len(signature) // 2
    der = encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
    public.verify(der, b"certwright", ec.ECDSA(of))


def refused(status, code, work, *args, **kwargs):
    try:
        work(*args, **kwargs)
    except HttpResponseError as e:
        got = (e.status_code, e.error.code if e.error else None)
        assert got == (status, code), f"got {got}: {e.message}"
    else:
        raise AssertionError(f"{status} {code} was expected, and it went through")


def life():
    """create with Self, polled to its end; read, versions, policy, key and secret"""
    name = RUN + "life"
    certificate = create(name, CertificatePolicy(issuer_name="Self", subject="CN=life"))
    assert certificate.properties.x509_thumbprint == hashlib.sha1(certificate.cer).digest()
    agree(certificate, "application/x-pkcs12")
    version = CERTIFICATES.get_certificate_version(name, certificate.properties.version)
    assert version.cer == certificate.cer
    before = CERTIFICATES.get_certificate_policy(name)
    assert (before.key_size, before.validity_in_months, len(before.lifetime_actions)) == (2048, 12, 1)
    after = CERTIFICATES.update_certificate_policy(
        name, CertificatePolicy(issuer_name="Self", subject="CN=life", validity_in_months=6, key_type="EC", key_curve_name="P-384")
    )
    assert (after.validity_in_months, after.key_curve_name, after.key_size) == (6, "P-384", 384), vars(after)
    second = create(name, after)
    versions = {v.version for v in CERTIFICATES.list_properties_of_certificate_versions(name)}
    assert versions == {certificate.properties.version, second.properties.version}
    agree(second, "application/x-pkcs12")


def material():
    """RSA 3072, P-256, P-384, P-521, P-256K as PKCS#12 and PEM: key, secret and certificate agree"""
    kinds = [{"key_type": "RSA", "key_size": 3072}] + [{"key_type": "EC", "key_curve_name": c} for c in CURVES]
    for i, kind in enumerate(kinds):
        for content in (CertificateContentType.pkcs12, CertificateContentType.pem):
            name = f"{RUN}material-{i}-{content.value[-4:].strip('-')}"
            agree(create(name, policy("CN=material", content_type=content, **kind)), content.value)


def update():
    """tags, disabling and enabling"""
    name = RUN + "update"
    certificate = create(name, policy("CN=update"))
    assert CERTIFICATES.update_certificate_properties(name, tags={"team": "web"}).properties.tags == {"team": "web"}
    CERTIFICATES.update_certificate_properties(name, certificate.properties.version, enabled=False)
    refused(403, "Forbidden", SECRETS.get_secret, name)
    CERTIFICATES.update_certificate_properties(name, enabled=True)
    back = CERTIFICATES.get_certificate(name)
    assert back.properties.enabled and back.properties.tags == {"team": "web"}
    agree(back, "application/x-pkcs12")


def lists():
    """lists by page"""
    key, certificate = outside()
    pfx = pkcs12.serialize_key_and_certificates(None, key, certificate, None, serialization.NoEncryption())
    names = {f"{RUN}list-{i}" for i in range(7)}
    for name in names:
        CERTIFICATES.import_certificate(name, pfx)
    pages = [list(page) for page in CERTIFICATES.list_properties_of_certificates(max_page_size=3).by_page()]
    assert max(len(p) for p in pages) <= 3 and len(pages) > 2, [len(p) for p in pages]
    assert names <= {c.name for p in pages for c in p}
    assert names <= {c.name for c in CERTIFICATES.list_properties_of_certificates()}


def imports():
    """import of PFX and PEM"""
    key, certificate = outside()
    lock = serialization.BestAvailableEncryption(b"pass word")
    pfx = pkcs12.serialize_key_and_certificates(None, key, certificate, None, lock)
    got = CERTIFICATES.import_certificate(RUN + "pfx", pfx, password="pass word")
    assert bytes(got.cer) == der(certificate)
    agree(got, "application/x-pkcs12")
    refused(400, "BadParameter", CERTIFICATES.import_certificate, RUN + "pfx2", pfx, password="wrong")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem += certificate.public_bytes(serialization.Encoding.PEM)
    asked = CertificatePolicy(issuer_name="Unknown", content_type=CertificateContentType.pem)
    got = CERTIFICATES.import_certificate(RUN + "pem", pem, policy=asked)
    assert bytes(got.cer) == der(certificate)
    agree(got, "application/x-pem-file")


def orders():
    """an issuer's order held, cancelled, rejected, completed"""
    issuer, name = RUN + "issuer", RUN + "order"
    CERTIFICATES.create_issuer(issuer, "DigiCert", account_id="hold", password="secret")
    asked = policy("CN=order", issuer_name=issuer)
    CERTIFICATES.begin_create_certificate(name, asked)
    assert CERTIFICATES.get_certificate_operation(name).status == "inProgress"
    operation = CERTIFICATES.cancel_certificate_operation(name)
    assert (operation.status, operation.cancellation_requested) == ("inProgress", True)
    while operation.status == "inProgress":
        time.sleep(0.2)
        operation = CERTIFICATES.get_certificate_operation(name)
    assert operation.status == "cancelled"
    CERTIFICATES.update_issuer(issuer, account_id="outcome=reject; message=not today")
    CERTIFICATES.begin_create_certificate(name, asked)
    operation = CERTIFICATES.get_certificate_operation(name)
    while operation.status == "inProgress":  # the SDK polls as well, in a thread: its look may be the one that ends it
        time.sleep(0.2)
        operation = CERTIFICATES.get_certificate_operation(name)
    assert (operation.status, operation.error.code, operation.error.message) == ("failed", "Request rejected", "not today")
    assert CERTIFICATES.delete_certificate_operation(name).status == "failed"
    refused(404, "PendingCertificateNotFound", CERTIFICATES.get_certificate_operation, name)
    CERTIFICATES.update_issuer(issuer, account_id="none")
    agree(create(name, asked), "application/x-pkcs12")


def merge():
    """Unknown: CSR out, certificate merged"""
    name = RUN + "merge"
    CERTIFICATES.begin_create_certificate(name, policy("CN=merge", issuer_name="Unknown"))
    csr = x509.load_der_x509_csr(bytes(CERTIFICATES.get_certificate_operation(name).csr))
    assert csr.is_signature_valid
    ca_key, ca = outside()
    leaf = built(csr.subject, csr.public_key(), ca_key, ca.subject)
    merged = CERTIFICATES.merge_certificate(name, [der(leaf), der(ca)])
    assert bytes(merged.cer) == der(leaf)
    assert CERTIFICATES.get_certificate_operation(name).status == "completed"
    agree(merged, "application/x-pkcs12")


def issuers():
    """issuers: set, get, update, list, delete"""
    name = RUN + "managed"
    jo = AdministratorContact(first_name="Jo", email="jo@example.org")
    CERTIFICATES.create_issuer(name, "Test", account_id="account", password="secret", admin_contacts=[jo])
    issuer = CERTIFICATES.get_issuer(name)
    assert (issuer.provider, issuer.account_id, issuer.password, issuer.admin_contacts[0].first_name) == ("Test", "account", None, "Jo")
    assert CERTIFICATES.update_issuer(name, enabled=False).enabled is False
    assert name in {i.name for i in CERTIFICATES.list_properties_of_issuers()}
    CERTIFICATES.delete_issuer(name)
    refused(404, "CertificateIssuerNotFound", CERTIFICATES.get_issuer, name)


def contacts():
    """contacts: set, get, delete"""
    CERTIFICATES.set_contacts([CertificateContact(email="a@example.org", name="A", phone="1"), CertificateContact(email="b@example.org")])
    assert [c.email for c in CERTIFICATES.get_contacts()] == ["a@example.org", "b@example.org"]
    CERTIFICATES.delete_contacts()
    refused(404, "ContactsNotFound", CERTIFICATES.get_contacts)


def backup():
    """backup, delete, purge, restore"""
    name = RUN + "backup"
    before = create(name, policy("CN=backup"))
    kept = CERTIFICATES.backup_certificate(name)
    refused(409, "Conflict", CERTIFICATES.restore_certificate_backup, kept)
    CERTIFICATES.begin_delete_certificate(name).wait()
    CERTIFICATES.purge_deleted_certificate(name)
    after = CERTIFICATES.restore_certificate_backup(kept)
    assert (after.properties.version, after.cer) == (before.properties.version, before.cer)
    agree(after, "application/x-pkcs12")


def recovery():
    """delete, recover, delete, purge"""
    name = RUN + "recover"
    before = create(name, policy("CN=recover"))
    deleted = CERTIFICATES.begin_delete_certificate(name).result()
    assert deleted.recovery_id and deleted.deleted_on and deleted.scheduled_purge_date
    refused(404, "CertificateNotFound", CERTIFICATES.get_certificate, name)
    refused(404, "SecretNotFound", SECRETS.get_secret, name)
    refused(409, "Conflict", CERTIFICATES.begin_create_certificate, name, policy("CN=x"))
    assert name in {c.name for c in CERTIFICATES.list_deleted_certificates()}
    CERTIFICATES.begin_recover_deleted_certificate(name).wait()
    after = CERTIFICATES.get_certificate(name)
    assert after.properties.version == before.properties.version
    agree(after, "application/x-pkcs12")
    CERTIFICATES.begin_delete_certificate(name).wait()
    CERTIFICATES.purge_deleted_certificate(name)
    refused(404, "CertificateNotFound", CERTIFICATES.get_deleted_certificate, name)


def refusals():
    """error codes as the SDK reads them"""
    name = RUN + "refused"
    refused(404, "CertificateNotFound", CERTIFICATES.get_certificate, name)
    refused(404, "PendingCertificateNotFound", CERTIFICATES.get_certificate_operation, name)
    manual = policy("CN=refused", issuer_name="Unknown")
    CERTIFICATES.begin_create_certificate(name, manual)
    refused(409, "Forbidden", CERTIFICATES.begin_create_certificate, name, manual)
    refused(400, "BadParameter", CERTIFICATES.begin_create_certificate, RUN + "bad", policy("this is no name"))
    refused(400, "BadParameter", CERTIFICATES.merge_certificate, name, [der(outside()[1])])
    refused(404, "CertificateNotFound", CERTIFICATES.purge_deleted_certificate, RUN + "never")


class Tools:
    """What the checks of keys and secrets use; equal and refused count their questions."""

    keys, secrets, credential, run, create, policy = KEYS, SECRETS, CREDENTIAL, RUN, staticmethod(create), staticmethod(policy)
    asked = 0

    def equal(self, got, want):
        self.asked += 1
        assert got == want, f"got {got}, want {want}"

    def refused(self, *args, **kwargs):
        self.asked += 1
        refused(*args, **kwargs)


tools = Tools()
CHECKS = [life, material, update, lists, imports, orders, merge, issuers, contacts, backup, recovery, refusals]
passed = failed = 0
for check in CHECKS + keys_check.checks(tools) + secrets_check.checks(tools):
    try:
        check()
    except Exception:  # each check stands alone; all of them are told
        failed += 1
        print(f"FAIL {check.__doc__}")
        traceback.print_exc(file=sys.stdout)
    else:
        passed += 1
        print(f"ok   {check.__doc__}", flush=True)
print(f"{passed} passed, {failed} failed; {tools.asked} questions about keys and secrets")
sys.exit(1 if failed else 0)
