# Azure CLI with nothing but the environment of certwright run.
. ./lib.sh
docs=$PWD/../../../docs/clients.md
cd "$FOLDER"
v="--vault-name $CERTWRIGHT_VAULT_NAME"
policy=$(az keyvault certificate get-default-policy)

# certificates
want completed kv certificate create $v -n c1 -p "$policy" --tags team=web --query status
id=$(kv certificate show $v -n c1 --query id)
want web kv certificate show --id "$id" --query tags.team
kv certificate create $v -n c1 -p "$policy" --validity 6 >/dev/null
want 2 kv certificate list-versions $v -n c1 --query 'length(@)'
want c1 kv certificate list $v --include-pending --query '[].name'
want false kv certificate set-attributes $v -n c1 --enabled false --query attributes.enabled
want true kv certificate set-attributes $v -n c1 --enabled true --query attributes.enabled
kv certificate download $v -n c1 -f c1.pem
kv certificate download $v -n c1 -f c1.der -e DER
want "$(openssl x509 -in c1.pem -noout -fingerprint)" openssl x509 -in c1.der -inform DER -noout -fingerprint
kv secret download $v -n c1 -f c1.pfx -e base64
want "$(openssl x509 -in c1.pem -noout -pubkey)" bash -c 'openssl pkcs12 -in c1.pfx -passin pass: -nokeys -clcerts | openssl x509 -noout -pubkey'

# import of what openssl makes
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out leaf.pem -days 90 -subj /CN=import.test 2>/dev/null
openssl pkcs12 -export -in leaf.pem -inkey key.pem -passout pass:secret -out both.pfx
cat key.pem leaf.pem >both.pem
kv certificate import $v -n imported -f both.pfx --password secret >/dev/null
kv certificate import $v -n pem -f both.pem -p '{"secretProperties": {"contentType": "application/x-pem-file"}}' >/dev/null
want "CN=import.test" kv certificate show $v -n pem --query policy.x509CertificateProperties.subject
refused "can not be read" kv certificate import $v -n wrong -f both.pfx --password wrong

# a CSR, signed elsewhere and merged; the policy is the one of docs/clients.md
sed -n '/^cat >csr-policy.json/,/^EOF$/p' "$docs" | sed '1d;$d' >csr-policy.json
refused "AutoRenew needs an issuer" kv certificate create $v -n csr -p "${policy/Self/Unknown}"
kv certificate create $v -n csr -p @csr-policy.json >/dev/null
want inProgress kv certificate pending show $v -n csr --query status
{ echo '-----BEGIN CERTIFICATE REQUEST-----'; kv certificate pending show $v -n csr --query csr | fold -w 64; echo '-----END CERTIFICATE REQUEST-----'; } >www.csr
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 90 -subj '/CN=A CA' 2>/dev/null
openssl x509 -req -in www.csr -CA ca.pem -CAkey ca.key -days 30 -copy_extensions copyall -out signed.pem 2>/dev/null
kv certificate pending merge $v -n csr -f signed.pem >/dev/null
want "www.example.com" kv certificate show $v -n csr --query policy.x509CertificateProperties.subjectAlternativeNames.dnsNames
kv certificate create $v -n dropped -p @csr-policy.json >/dev/null
kv certificate pending delete $v -n dropped >/dev/null
refused "not found" kv certificate pending show $v -n dropped

# issuers, contacts
kv certificate issuer create $v --issuer-name digi --provider-name DigiCert --account-id a --password p --organization-id o >/dev/null
kv certificate issuer admin add $v --issuer-name digi --email ann@example.com --first-name Ann --last-name Lee --phone 1 >/dev/null
want o kv certificate issuer show $v --issuer-name digi --query organizationDetails.id
want ann@example.com kv certificate issuer admin list $v --issuer-name digi --query '[].emailAddress'
kv certificate issuer update $v --issuer-name digi --account-id b >/dev/null
want DigiCert kv certificate issuer list $v --query '[].provider'
kv certificate create $v -n issued -p "${policy/Self/digi}" >/dev/null
kv certificate issuer delete $v --issuer-name digi >/dev/null
kv certificate contact add $v --email ops@example.com --name Ops >/dev/null
want ops@example.com kv certificate contact list $v --query 'contactList[].emailAddress'
kv certificate contact delete $v --email ops@example.com >/dev/null

# keys
kv key create $v -n rsa --kty RSA --size 2048 >/dev/null
kv key create $v -n ec --kty EC --curve P-384 >/dev/null
kv key import $v -n own --pem-file key.pem >/dev/null
kv key download $v -n own -f own.pem
want "$(openssl rsa -in key.pem -pubout 2>/dev/null)" cat own.pem
digest=$(openssl dgst -sha256 -binary leaf.pem | base64)
signature=$(kv key sign $v -n rsa -a RS256 --digest "$digest" --query signature)
want true kv key verify $v -n rsa -a RS256 --digest "$digest" --signature "$signature" --query isValid
secret=$(kv key encrypt $v -n rsa -a RSA-OAEP --value aGVsbG8= --data-type base64 --query result)
want aGVsbG8= kv key decrypt $v -n rsa -a RSA-OAEP --value "$secret" --data-type base64 --query result
kv key rotate $v -n ec >/dev/null
want 2 kv key list-versions $v -n ec --query 'length(@)'
kv key rotation-policy update $v -n ec --value '{"lifetimeActions": [{"trigger": {"timeAfterCreate": "P90D"}, "action": {"type": "Rotate"}}], "attributes": {"expiryTime": "P2Y"}}' >/dev/null
want P2Y kv key rotation-policy show $v -n ec --query expiresIn

# secrets, backup, recovery, purge
kv secret set $v -n s --value 'it is a + secret' --tags a=b >/dev/null
want 'it is a + secret' kv secret show $v -n s --query value
kv secret backup $v -n s -f s.backup
kv secret delete $v -n s >/dev/null
want s kv secret list-deleted $v --query '[].name'
kv secret purge $v -n s
kv secret restore $v -f s.backup >/dev/null
want b kv secret show $v -n s --query tags.a
kv certificate backup $v -n imported -f imported.backup
kv certificate delete $v -n imported >/dev/null
kv certificate recover $v -n imported >/dev/null
kv certificate delete $v -n imported >/dev/null
kv certificate purge $v -n imported
kv certificate restore $v -f imported.backup >/dev/null
want "$(openssl x509 -in leaf.pem -noout -fingerprint -sha1 | cut -d= -f2 | tr -d :)" kv certificate show $v -n imported --query x509ThumbprintHex

# what the management plane is asked
want default kv list --query '[].name'
want 90 kv show -n default --query properties.softDeleteRetentionInDays
want "certwright" kv show -n "$CERTWRIGHT_VAULT_NAME" --query resourceGroup
want MSI az account show --query user.assignedIdentityInfo -o tsv
echo "without a login: all of it works"
