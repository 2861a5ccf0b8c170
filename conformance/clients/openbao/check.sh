# An OpenBao server's life; run by certwright run.
bao=$FOLDER/bao
host=${AZURE_KEYVAULT_URL#https://}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export BAO_ADDR=http://127.0.0.1:$port
cat >"$FOLDER/bao.hcl" <<END
storage "file" { path = "$FOLDER/data" }
listener "tcp" {
  address     = "127.0.0.1:$port"
  tls_disable = true
}
seal "azurekeyvault" {
  vault_name = "${host%%.*}"
  resource   = "${host#*.}"
  key_name   = "unseal"
  tenant_id  = "adfs"
}
END

ask() { curl -sS --fail -H 'Authorization: Bearer x' -H 'Content-Type: application/json' "$AZURE_KEYVAULT_URL$1?api-version=7.4" -d "${2:-}"; }

server=
start() { "$bao" server -config="$FOLDER/bao.hcl" >"$FOLDER/log" 2>&1 & server=$!; }
stop() { kill "$server" && { wait "$server" || true; }; }
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true' EXIT

# until_status CODE: 0 is unsealed, 2 sealed
until_status() {
  local code
  for _ in $(seq 100); do
    code=0
    "$bao" status >/dev/null 2>&1 || code=$?
    [ "$code" != "$1" ] || return 0
    sleep 0.3
  done
  cat "$FOLDER/log"
  echo "status $code, want $1"
  return 1
}

ask /keys/unseal/create '{"kty":"RSA","key_ops":["wrapKey","unwrapKey"]}' >/dev/null
start
until_status 2
"$bao" operator init -recovery-shares=1 -recovery-threshold=1 -format=json >"$FOLDER/init.json"
until_status 0
BAO_TOKEN=$(sed -n 's/.*"root_token": "\(.*\)".*/\1/p' "$FOLDER/init.json")
export BAO_TOKEN
"$bao" secrets enable -path=kv kv
"$bao" kv put kv/a password='over the hills'
for rotated in no yes; do
  if [ $rotated = yes ]; then ask /keys/unseal/rotate >/dev/null; fi
  stop
  start
  until_status 0
  [ "$("$bao" kv get -field=password kv/a)" = 'over the hills' ]
done
stop
server=
echo "OpenBao unsealed itself twice"
