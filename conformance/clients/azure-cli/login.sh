# A cloud that az learns about by itself, in a folder of its own, and a login.
. ./lib.sh
at=https://default.vault.azure.net # through the proxy; a name that resolves, or localhost:8443, does as well
export AZURE_CONFIG_DIR=$FOLDER/login
az cloud register -n certwright --endpoint-resource-manager "$at"
az cloud set -n certwright
want .vault.azure.net az cloud show --query suffixes.keyvaultDns -o tsv
az login --service-principal -u any -p any --tenant adfs -o none
want adfs az account show --query tenantId -o tsv
kv secret set --vault-name default -n s --value x >/dev/null
want x kv secret show --vault-name default -n s --query value
want "$at/" kv show -n default --query properties.vaultUri
want "default" kv list --query "[].name"
want certwright az group list --query '[].name' -o tsv
# the older document, with what it lacks told by hand
az cloud register -n older --endpoint-resource-manager "$at" --endpoint-active-directory-resource-id "$at/arm" --suffix-keyvault-dns .vault.azure.net
want .vault.azure.net az cloud show -n older --query suffixes.keyvaultDns -o tsv
echo "with a login: works"
