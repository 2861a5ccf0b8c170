"""Tests what a program does when the vault renews its certificate.

certwright run -- python3 examples/renewal/renewal.py
"""

import json
import os
import time
import unittest
import urllib.request
from urllib.parse import urlsplit

VAULT = os.environ["AZURE_KEYVAULT_URL"].rstrip("/")
SIDE = urlsplit(os.environ["IDENTITY_ENDPOINT"])


def send(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as answer:
        return json.load(answer)


def vault(method, path, body=None):
    return send(method, f"{VAULT}{path}?api-version=7.4", body)


def advance(by):
    """Moves the vault's clock, as certwright clock does; what falls due meanwhile is done."""
    send("POST", f"{SIDE.scheme}://{SIDE.netloc}/admin/clock", {"advance": by})


class Program:
    """What is tested: it notices a new version by its id and reads it."""

    def __init__(self):
        self.version, self.value = None, None

    def poll(self):
        version = vault("GET", "/certificates/site")["id"].rsplit("/", 1)[1]
        if version == self.version:
            return False
        self.version, self.value = version, vault("GET", f"/secrets/site/{version}")["value"]
        return True


class Renewal(unittest.TestCase):
    def setUp(self):
        vault("POST", "/certificates/site/create", {"policy": {
            "issuer": {"name": "Self"},
            "key_props": {"kty": "EC"},
            "secret_props": {"contentType": "application/x-pem-file"},
            "x509_props": {"subject": "CN=site.example.org", "validity_months": 3},
            "lifetime_actions": [{"trigger": {"days_before_expiry": 30}, "action": {"action_type": "AutoRenew"}}],
        }})
        while vault("GET", "/certificates/site/pending")["status"] == "inProgress":
            time.sleep(0.01)

    def test_takes_the_renewed_certificate(self):
        program = Program()
        self.assertTrue(program.poll())
        before = program.value
        self.assertFalse(program.poll())
        advance("63d")  # three months less thirty days are 59 to 62 days
        self.assertTrue(program.poll(), "the program did not notice the new version")
        self.assertNotEqual(before, program.value)


if __name__ == "__main__":
    unittest.main()
