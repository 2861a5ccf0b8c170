# A secret and two certificates in the vault, and the application on each of
# them; run by certwright run.
folder=$PWD
port=${AZURE_KEYVAULT_URL##*:}
direct=$AZURE_KEYVAULT_URL
ask() { curl -sS --fail -H 'Authorization: Bearer x' -H 'Content-Type: application/json' -X "$1" "$direct$2?api-version=7.4" ${3:+-d "$3"}; }

# certificate NAME KEY
certificate() {
  ask POST "/certificates/$1/create" "{\"policy\":{\"issuer\":{\"name\":\"authority\"},\"key_props\":{$2},
    \"x509_props\":{\"subject\":\"CN=$1\",\"sans\":{\"dns_names\":[\"$1.example.test\"]}}}}" >/dev/null
  for _ in $(seq 100); do
    ask GET "/certificates/$1/pending" | grep -q '"status":"inProgress"' || break
  done
  ask GET "/secrets/$1" | python3 -c 'import base64, json, sys; sys.stdout.buffer.write(base64.b64decode(json.load(sys.stdin)["value"]))' |
    openssl pkcs12 -passin pass: -cacerts -nokeys -legacy >"$FOLDER/$1.ca.pem"
}
ask PUT /secrets/db-password '{"value":"over the hills"}' >/dev/null
ask PUT /certificates/issuers/authority '{"provider":"Test"}' >/dev/null
certificate rsa '"kty":"RSA","key_size":2048,"exportable":true'
certificate ec '"kty":"EC","crv":"P-256","exportable":true'

# Java takes no IP address for a vault, and *.localhost does not resolve everywhere.
printf '127.0.0.1 localhost default.vault.localhost vault.localhost\n' >"$folder/target/hosts"
export AZURE_KEYVAULT_URL="https://default.vault.localhost:$port"
export JAVA_TOOL_OPTIONS="$JAVA_TOOL_OPTIONS -Djdk.net.hosts.file=$folder/target/hosts"
export PORT_PIPE=$FOLDER/port
mkfifo "$PORT_PIPE"
application=
trap 'kill $application 2>/dev/null || true' EXIT

for name in rsa ec; do
  TLS_CERTIFICATE=$name java -cp "target/classes:$(cat target/classpath)" certwright.Application >"$FOLDER/$name.log" 2>&1 &
  application=$!
  read -r -t 120 served <>"$PORT_PIPE" || { cat "$FOLDER/$name.log" && exit 1; }
  for version in 1.2 1.3; do
    said=$(curl -sS --fail --noproxy '*' --cacert "$FOLDER/$name.ca.pem" "--tlsv$version" --tls-max "$version" \
      --resolve "$name.example.test:$served:127.0.0.1" "https://$name.example.test:$served/") || { cat "$FOLDER/$name.log" && exit 1; }
    [ "$said" = 'over the hills' ]
    echo "$name: TLS $version, verified, said: $said"
  done
  kill "$application"
  wait "$application" || true
done
