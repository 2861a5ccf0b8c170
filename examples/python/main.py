"""An ordinary program on the Azure SDK for Python, without one line made for Certwright.

It asks a vault for a certificate, watches the pending request until it is
issued, and uses the certificate.
"""

import base64
import os
import sys
import time

from azure.identity import DefaultAzureCredential
from azure.keyvault.certificates import CertificateClient, CertificatePolicy
from azure.keyvault.keys import KeyClient
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

NAME = "my-first-certificate"
TEXT = b"signed by a key that the vault made"


def request(certificates):
    """Orders the certificate and prints every state of the pending request."""
    policy = CertificatePolicy(issuer_name="Self", subject="CN=www.example.org", san_dns_names=["www.example.org"])
    seen = []

    def told(status):
        if status not in seen:
            print(f"  status      {status}")
            seen.append(status)

    def answered(response):
        # the SDK asks again at once; the answer to the request itself is seen only so
        if response.http_response.status_code == 202:
            told(response.http_response.json()["status"])

    print(f"requested     {NAME}")
    certificates.begin_create_certificate(NAME, policy, raw_response_hook=answered)
    while seen[-1] != "completed":
        told(certificates.get_certificate_operation(NAME).status)
        if seen[-1] not in ("inProgress", "completed"):
            sys.exit(f"the request ended {seen[-1]}")
        if seen[-1] != "completed":
            time.sleep(0.5)


def main():
    url = os.environ.get("AZURE_KEYVAULT_URL")
    if not url:
        sys.exit("AZURE_KEYVAULT_URL is not set\nhint: certwright run -- python examples/python/main.py")
    credential = DefaultAzureCredential()
    certificates = CertificateClient(url, credential)
    print(f"the vault is {url}")
    request(certificates)

    certificate = certificates.get_certificate(NAME)
    cert = x509.load_der_x509_certificate(bytes(certificate.cer))
    print(f"certificate   {certificate.id}")
    print(f"  subject     {cert.subject.rfc4514_string()}")
    print(f"  valid       {cert.not_valid_before_utc:%Y-%m-%d} to {cert.not_valid_after_utc:%Y-%m-%d}")
    print(f"  thumbprint  {certificate.properties.x509_thumbprint.hex().upper()}")

    version = certificate.properties.version
    secret = SecretClient(url, credential).get_secret(NAME, version)
    print(f"secret        {secret.id}, {secret.properties.content_type}")
    private, _, _ = pkcs12.load_key_and_certificates(base64.b64decode(secret.value), None)
    key = KeyClient(url, credential).get_key(NAME, version)
    print(f"key           {key.id}, {key.key_type.value}")
    public = rsa.RSAPublicNumbers(int.from_bytes(key.key.e, "big"), int.from_bytes(key.key.n, "big")).public_key()

    signature = private.sign(TEXT, padding.PKCS1v15(), hashes.SHA256())
    for verifier in (public, cert.public_key()):
        verifier.verify(signature, TEXT, padding.PKCS1v15(), hashes.SHA256())
    print("signature     made with the secret, verified with the key and with the certificate")


if __name__ == "__main__":
    main()
