# Vaults of any name, through the proxy: names need not resolve.
. ./lib.sh
want completed kv certificate create --vault-name default -n c1 -p "$(az keyvault certificate get-default-policy)" --query status
kv secret set --vault-name web -n only-here --value x >/dev/null
want only-here kv secret list --vault-name web --query '[].name'
want c1 kv secret list --vault-name default --include-managed --query '[].name'
want "default web" bash -c "az keyvault list --query '[].name' -o tsv | xargs"
echo "any name: works"
