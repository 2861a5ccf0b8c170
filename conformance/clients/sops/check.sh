# What sops is asked to do; run by certwright run.
printf 'password: over the hills\n' >"$FOLDER/plain.yaml"
not() { if "$@"; then return 1; fi; }
ask() { curl -sS --fail -H 'Authorization: Bearer x' -H 'Content-Type: application/json' "$AZURE_KEYVAULT_URL$1?api-version=7.4" -d "${2:-}"; }
kid=$(ask /keys/sops/create '{"kty":"RSA","key_ops":["encrypt","decrypt"]}' | sed 's/.*"kid":"\([^"]*\)".*/\1/')
version=${kid##*/}

for key in "sops/$version" sops; do
  "$SOPS" encrypt --azure-kv "$AZURE_KEYVAULT_URL/keys/$key" "$FOLDER/plain.yaml" >"$FOLDER/sealed.yaml"
  not grep hills "$FOLDER/sealed.yaml"
  grep "version: $version" "$FOLDER/sealed.yaml"
  "$SOPS" decrypt "$FOLDER/sealed.yaml" | cmp - "$FOLDER/plain.yaml"
  "$SOPS" rotate "$FOLDER/sealed.yaml" >"$FOLDER/rotated.yaml"
  not cmp -s "$FOLDER/sealed.yaml" "$FOLDER/rotated.yaml"
  "$SOPS" decrypt "$FOLDER/rotated.yaml" | cmp - "$FOLDER/plain.yaml"
done

ask /keys/sops/rotate >"$FOLDER/newer.json"
not grep -q "$version" "$FOLDER/newer.json"
"$SOPS" decrypt "$FOLDER/rotated.yaml" | cmp - "$FOLDER/plain.yaml"
echo "sops opened everything that it had sealed"
