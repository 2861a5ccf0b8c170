# A certificate for code signing, a program and a script signed with it; run by
# certwright run. Each signature is over another digest: some of three have + or
# / in the base64 that jsign sends.
ask() { curl -sS --fail -H 'Authorization: Bearer x' -H 'Content-Type: application/json' -X "$1" "$AZURE_KEYVAULT_URL$2?api-version=7.4" ${3:+-d "$3"}; }
ask POST /certificates/code/create '{"policy":{"issuer":{"name":"Self"},"key_props":{"kty":"RSA","key_size":3072,"exportable":false},
  "secret_props":{"contentType":"application/x-pem-file"},"x509_props":{"subject":"CN=Publisher","ekus":["1.3.6.1.5.5.7.3.3"]}}}' >/dev/null
ask GET /secrets/code | python3 -c 'import json, sys; print(json.load(sys.stdin)["value"])' >"$FOLDER/publisher.pem"
grep -c 'BEGIN CERTIFICATE' "$FOLDER/publisher.pem"

sign() { java -cp "$(cat target/classpath)" net.jsign.JsignCLI --storetype AZUREKEYVAULT --keystore "$AZURE_KEYVAULT_URL" --storepass x --alias code "$1"; }
# agrees FILE: osslsigncode recomputes the digest, and the signature is the publisher's
agrees() {
  osslsigncode verify -CAfile "$FOLDER/publisher.pem" -TSA-CAfile "$FOLDER/publisher.pem" -in "$1" | tee "$FOLDER/said"
  grep -q '^Signature verification: ok' "$FOLDER/said"
}
for n in 1 2 3; do
  { cat "$FOLDER/hello.exe" && printf 'overlay %d\n' "$n"; } >"$FOLDER/$n.exe"
  { cat hello.ps1 && printf '# %d\n' "$n"; } >"$FOLDER/$n.ps1"
  sign "$FOLDER/$n.exe"
  agrees "$FOLDER/$n.exe"
  sign "$FOLDER/$n.ps1"
  agrees "$FOLDER/$n.ps1"
done

# a file that is changed afterwards is no longer agreed to
sed 's/hello/hullo/' "$FOLDER/1.ps1" >"$FOLDER/changed.ps1"
if agrees "$FOLDER/changed.ps1"; then exit 1; fi
