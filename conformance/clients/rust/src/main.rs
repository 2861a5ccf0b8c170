//! Uses the Azure SDK for Rust as its users do: managed identity from the
//! environment, the vault's URL, nothing else.

use std::{env, error::Error};

use azure_core::http::StatusCode;
use azure_identity::ManagedIdentityCredential;
use azure_security_keyvault_certificates::{
    models::{
        CertificatePolicy, CreateCertificateParameters, IssuerParameters, X509CertificateProperties,
    },
    CertificateClient,
};
use azure_security_keyvault_keys::{
    models::{CreateKeyParameters, CurveName, KeyType, SignParameters, SignatureAlgorithm, VerifyParameters},
    KeyClient, ResourceExt as _,
};
use azure_security_keyvault_secrets::{models::SetSecretParameters, ResourceExt as _, SecretClient};
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let vault = env::var("AZURE_KEYVAULT_URL")?;
    let credential = ManagedIdentityCredential::new(None)?;
    secrets(SecretClient::new(&vault, credential.clone(), None)?).await?;
    let keys = KeyClient::new(&vault, credential.clone(), None)?;
    certificates(CertificateClient::new(&vault, credential, None)?).await?;
    for (name, algorithm) in [("web", SignatureAlgorithm::Rs256), ("ec", SignatureAlgorithm::Es256)] {
        sign(&keys, name, algorithm).await?;
    }
    println!("all three clients did their work");
    Ok(())
}

async fn secrets(client: SecretClient) -> Result<(), Box<dyn Error>> {
    for i in 0..30 {
        let body = SetSecretParameters { value: Some(format!("value {i}")), ..Default::default() };
        client.set_secret(&format!("s{i}"), body.try_into()?, None).await?;
    }
    let got = client.get_secret("s7", None).await?.into_model()?;
    assert_eq!(got.value.as_deref(), Some("value 7"));
    let mut names = Vec::new();
    let mut pager = client.list_secret_properties(None)?; // two pages
    while let Some(secret) = pager.try_next().await? {
        names.push(secret.resource_id()?.name);
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 30, "{names:?}");
    client.delete_secret("s7", None).await?;
    let gone = client.get_secret("s7", None).await.err().ok_or("a deleted secret was found")?;
    assert_eq!(gone.http_status(), Some(StatusCode::NotFound), "{gone}");
    client.recover_deleted_secret("s7", None).await?;
    let back = client.get_secret("s7", None).await?.into_model()?;
    assert_eq!(back.value.as_deref(), Some("value 7"));
    Ok(())
}

async fn certificates(client: CertificateClient) -> Result<(), Box<dyn Error>> {
    let policy = CertificatePolicy {
        x509_certificate_properties: Some(X509CertificateProperties {
            subject: Some("CN=web.example".into()),
            ..Default::default()
        }),
        issuer_parameters: Some(IssuerParameters { name: Some("Self".into()), ..Default::default() }),
        ..Default::default()
    };
    let body = CreateCertificateParameters { certificate_policy: Some(policy), ..Default::default() };
    client.begin_create_certificate("web", body.try_into()?, None)?.await?;
    let made = client.get_certificate("web", None).await?.into_model()?;
    assert!(made.cer.is_some_and(|der| der.len() > 500), "no certificate");
    assert!(made.x509_thumbprint.is_some_and(|t| t.len() == 20), "no thumbprint");
    Ok(())
}

async fn sign(client: &KeyClient, name: &str, algorithm: SignatureAlgorithm) -> Result<(), Box<dyn Error>> {
    if name == "ec" {
        let body = CreateKeyParameters { kty: Some(KeyType::Ec), curve: Some(CurveName::P256), ..Default::default() };
        client.create_key(name, body.try_into()?, None).await?;
    }
    let key = client.get_key(name, None).await?.into_model()?; // of the certificate, or made just now
    let version = key.resource_id()?.version.ok_or("a key without a version")?;
    let digest: Vec<u8> = (200..232).collect(); // of many bits, so that base64 has - and _
    let body = SignParameters { algorithm: Some(algorithm.clone()), value: Some(digest.clone()) };
    let signature = client.sign(name, body.try_into()?, None).await?.into_model()?.result;
    for (digest, want) in [(digest, true), (vec![0; 32], false)] {
        let body = VerifyParameters { algorithm: Some(algorithm.clone()), digest: Some(digest), signature: signature.clone() };
        let verified = client.verify(name, &version, body.try_into()?, None).await?.into_model()?;
        assert_eq!(verified.value, Some(want), "{name}");
    }
    Ok(())
}
