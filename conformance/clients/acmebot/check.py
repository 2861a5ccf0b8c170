"""Merges certificates as acmebot and keyvault-ca do: every member of x5c is a
PKCS#12 file without key and without password, for the leaf and for its chain.
acmebot's files come from .NET's X509Certificate2.Export, keyvault-ca's from a
whole collection in one file. Here cryptography makes the plain ones, and openssl
those whose certificates are encrypted with the empty password, as .NET's are.
"""

import base64
import datetime
import os
import subprocess
import sys

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.keyvault.certificates import CertificateClient, CertificatePolicy
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12

url = os.environ["AZURE_KEYVAULT_URL"]
credential = DefaultAzureCredential()
certificates = CertificateClient(url, credential)
secrets = SecretClient(url, credential)


class Authority:
    """A root and an intermediate that signs leaves."""

    def __init__(self):
        root_key, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root_name, self.name = named("Root"), named("Intermediate")
        self.root = signed(root_name, root_name, root_key.public_key(), root_key, ca=True)
        self.intermediate = signed(self.name, root_name, self.key.public_key(), root_key, ca=True)

    def sign(self, csr):
        return signed(csr.subject, self.name, csr.public_key(), self.key, ca=False)


def named(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def signed(subject, issuer, key, by, ca):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(issuer).public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5)).not_valid_after(now + datetime.timedelta(days=60))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(by, hashes.SHA256())
    )


def plain(cert, *more):
    return pkcs12.serialize_key_and_certificates(None, None, cert, list(more) or None, NoEncryption())


def encrypted(cert, *more):
    pem = b"".join(c.public_bytes(Encoding.PEM) for c in (cert, *more))
    command = ["openssl", "pkcs12", "-export", "-nokeys", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1", "-iter", "2000", "-passout", "pass:"]
    return subprocess.run(command, input=pem, capture_output=True, check=True).stdout


def merge(name, subject, members):
    """Creates a request, has it signed, merges it and reads it back."""
    certificates.begin_create_certificate(name, CertificatePolicy(issuer_name="Unknown", subject="CN=" + subject))
    csr = x509.load_der_x509_csr(certificates.get_certificate_operation(name).csr)
    leaf = authority.sign(csr)
    merged = certificates.merge_certificate(name, members(leaf))
    assert bytes(merged.cer) == leaf.public_bytes(Encoding.DER), name
    key, cert, chain = pkcs12.load_key_and_certificates(base64.b64decode(secrets.get_secret(name).value), None)
    assert cert == leaf and key.public_key() == leaf.public_key(), name
    assert authority.intermediate in [c.certificate if hasattr(c, "certificate") else c for c in chain], f"{name}: no chain in the secret"
    print(f"{name}: merged, the secret has key, leaf and {len(chain)} more")


authority = Authority()
merge("each-plain", "a.example", lambda leaf: [plain(leaf), plain(authority.intermediate)])
merge("each-encrypted", "b.example", lambda leaf: [encrypted(leaf), encrypted(authority.intermediate), encrypted(authority.root)])
merge("whole-chain", "c.example", lambda leaf: [encrypted(leaf, authority.intermediate, authority.root)])
merge("chain-first", "d.example", lambda leaf: [plain(authority.intermediate), plain(leaf)])

# a leaf of another request is refused, and the request can still be merged
foreign = authority.sign(x509.CertificateSigningRequestBuilder().subject_name(named("x")).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()))
try:
    merge("foreign", "e.example", lambda leaf: [plain(foreign), plain(authority.intermediate)])
    sys.exit("a certificate of another key was merged")
except HttpResponseError as refused:
    assert refused.status_code == 400, refused
assert certificates.get_certificate_operation("foreign").status == "inProgress"
print("all merges did what they should")
