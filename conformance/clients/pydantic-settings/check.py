"""Reads settings from the vault, as an application does at its start."""

import os

from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient
from pydantic import BaseModel
from pydantic_settings import AzureKeyVaultSettingsSource, BaseSettings

url = os.environ["AZURE_KEYVAULT_URL"]
credential = DefaultAzureCredential()
for name, value in {"api-token": "over the hills", "database--host": "db.example", "database--port": "5432"}.items():
    SecretClient(url, credential).set_secret(name, value)


class Database(BaseModel):
    host: str
    port: int


class Settings(BaseSettings):
    api_token: str
    database: Database

    @classmethod
    def settings_customise_sources(cls, settings_cls, **_):
        return (AzureKeyVaultSettingsSource(settings_cls, url, credential, dash_to_underscore=True),)


settings = Settings()
assert settings.api_token == "over the hills", settings
assert settings.database == Database(host="db.example", port=5432), settings
print("the settings are those of the vault")
