"""Signs in with one credential of the unmodified Azure SDK for Python.

Puts a secret into a vault and gets it again. Nothing is set in code:
    python signin.py workload|environment|default|managed
conformance/signin runs it against certwright serve.
"""

import os
import sys

from azure.identity import DefaultAzureCredential, EnvironmentCredential, ManagedIdentityCredential, WorkloadIdentityCredential
from azure.keyvault.secrets import SecretClient

KINDS = {
    "workload": WorkloadIdentityCredential,
    "environment": EnvironmentCredential,
    "default": DefaultAzureCredential,
    "managed": ManagedIdentityCredential,
}


def main(kind: str) -> None:
    secrets = SecretClient(os.environ["AZURE_KEYVAULT_URL"], KINDS[kind]())
    name, value = f"signin-python-{kind}", f"of {kind}"
    secrets.set_secret(name, value)
    got = secrets.get_secret(name).value
    if got != value:
        sys.exit(f"it holds {got}")
    print("ok")


try:
    main(sys.argv[1])
except Exception as e:  # what a user would see of it
    print(f"{type(e).__name__}: {e}")
    sys.exit(1)
