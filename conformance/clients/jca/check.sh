# Certificates for the program, made by the API; run by certwright run.
folder=$PWD
port=${AZURE_KEYVAULT_URL##*:}
ask() { curl -sS --fail -H 'Authorization: Bearer x' -H 'Content-Type: application/json' -X "$1" "$AZURE_KEYVAULT_URL$2?api-version=7.4" ${3:+-d "$3"}; }

# certificate NAME ISSUER KEY
certificate() {
  ask POST "/certificates/$1/create" "{\"policy\":{\"issuer\":{\"name\":\"$2\"},\"key_props\":{$3},
    \"x509_props\":{\"subject\":\"CN=$1\",\"sans\":{\"dns_names\":[\"$1.example.test\"]}}}}" >/dev/null
  for _ in $(seq 100); do
    ask GET "/certificates/$1/pending" | grep -q '"status":"inProgress"' || break
  done
  ask GET "/certificates/$1" >/dev/null
}
ask PUT /certificates/issuers/authority '{"provider":"Test"}' >/dev/null
certificate rsa authority '"kty":"RSA","key_size":2048,"exportable":true'
certificate ec authority '"kty":"EC","crv":"P-256","exportable":true'
certificate rsa-kept Self '"kty":"RSA","key_size":2048,"exportable":false'
certificate ec-kept Self '"kty":"EC","crv":"P-384","exportable":false'

# Java takes no IP address for a vault, and *.localhost does not resolve everywhere.
printf '127.0.0.1 localhost default.vault.localhost\n' >"$folder/target/hosts"
export AZURE_KEYVAULT_URL="https://default.vault.localhost:$port"
export JAVA_TOOL_OPTIONS="$JAVA_TOOL_OPTIONS -Djdk.net.hosts.file=$folder/target/hosts"
java -cp "target/classes:$(cat target/classpath)" Jca rsa=2 ec=2 rsa-kept=1 ec-kept=1
