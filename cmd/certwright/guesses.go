package main

import (
	"strings"

	"certwright/internal/usage"
)

// guessRows are what people type who know az keyvault, kubectl, step, openssl or
// another program: those words, the command that does it here, and what else there
// is to say. A star stands for every command that has the flags of the second column.
const guessRows = `
cert get, cert describe, cert inspect, cert view, cert info, cert status | cert show NAME | shows it; certwright cert export NAME writes it to files
cert download, cert save, cert fetch, cert pull, cert dump | cert export NAME | writes it to files, with its chain and its key; --as cert or --as pfx says in which form
cert create, cert add, cert issue, cert request, cert order, cert generate, cert make, cert apply, cert self-sign, cert enroll, cert obtain | cert new NAME --issuer Self --dns www.example.org | makes one; certwright issuer list shows who else can issue it
cert csr, cert certificate-request | order csr NAME | prints the request of what is in progress; certwright cert new NAME --issuer Unknown makes one for an authority of your own
cert sign, cert complete, cert upload-signed | cert merge NAME signed.pem | completes a request by what an authority signed; certwright cert new NAME --issuer Self makes one that signs itself
cert upload, cert put, cert load | cert import NAME web.pfx | imports a certificate that there is already
cert deleted, cert list-deleted, cert show-deleted, cert get-deleted, cert trash | cert list --deleted | shows what was deleted; certwright cert recover NAME brings one back, certwright cert purge NAME removes it for good
cert remove, cert rm, cert del, cert destroy, cert drop | cert delete NAME | deletes it, and it can be recovered for some time; certwright cert purge NAME removes it for good then
cert undelete, cert restore, cert undo | cert recover NAME | brings a deleted one back
cert ls, cert all, cert expiring, cert expired | cert list | lists them, what expires next first; --within 30d leaves out the others
cert list-versions, cert history, cert log | cert versions NAME | lists its versions; certwright order show NAME shows what happened to its order
cert rotate, cert reissue, cert re-issue, cert rollover, cert refresh | cert renew NAME | has a new version made by its policy
cert retry | retry NAME | tries a waiting order or a failed renewal now
cert approve | order approve NAME | approves an order that waits for it
cert deny, cert reject | order deny NAME | denies an order that waits for approval
cert stop, cert abort | cert cancel NAME | cancels what is in progress
cert wait | cert show NAME --wait | waits until nothing is in progress any more
cert pending, cert orders, cert operation | order show NAME | shows its order, step by step; certwright order list lists those in progress
cert update, cert edit, cert set, cert set-attributes, cert change, cert patch | cert policy set NAME --validity 6 | changes what its next version is like; certwright cert enable NAME and certwright cert disable NAME switch a version
cert get-default-policy, cert policies | cert policy get NAME | prints the policy that it has
cert policy show, cert policy list, cert policy view, cert policy export | cert policy get NAME | prints it
cert policy update, cert policy edit, cert policy apply, cert policy change, cert policy put | cert policy set NAME --validity 6 | changes it; --policy FILE takes it from a file
cert contact, cert contacts | contact list | lists who gets mail
cert issuer, cert issuers | issuer list | lists the issuers of the vault
cert backup | backup FOLDER | backs up all that a server has
cert suspend, cert deactivate, cert off | cert disable NAME | disables a version
cert activate, cert on | cert enable NAME | enables a version
secret show, secret read, secret view, secret value, secret download, secret export, secret describe, secret cat | secret get NAME --stdout | prints the value; --file FILE writes it for you alone to read
secret create, secret new, secret add, secret update, secret put, secret write, secret edit, secret import | secret set NAME --file FILE | sets it; without --file the value is asked for, or read from stdin
secret ls, secret list-versions, secret all | secret list | lists them, without their values
secret delete, secret remove, secret rm, secret del, secret purge, secret recover, secret list-deleted, secret show-deleted, secret backup, secret restore, secret set-attributes, secret enable, secret disable | secret list | lists them; what else is done with them is for clients of the Key Vault API, as az keyvault secret delete --id URL, and for the console; a certificate's secret goes with it: certwright cert delete NAME
key get, key describe, key view, key read, key public, key info | key show NAME | shows it; --pem prints the public part
key export, key download, key backup, key dump, key save | key show NAME --pem | prints the public part, and no key leaves the vault alone; certwright cert export NAME --as key writes that of a certificate, if its policy lets it out
key verify | key show NAME --pem | prints the public part, by which openssl dgst -verify looks at a signature
key ls, key list-versions, key all | key list | lists them
key create, key new, key generate, key add, key import, key delete, key rotate, key remove, key rm, key encrypt, key decrypt, key purge, key recover, key restore, key list-deleted, key show-deleted, key random, key rotation-policy, key set-attributes, key enable, key disable, key wrap, key unwrap | key list | lists them; what else is done with them is for clients of the Key Vault API, as az keyvault key create, and for the console; a certificate brings its own: certwright cert new NAME
order reject, order refuse, order decline | order deny NAME --message WHY | denies an order that waits for approval
order get, order describe, order view, order status, order history, order log | order show NAME | shows it step by step
order ls, order pending, order waiting, order all | order list | lists those in progress; --failed lists those that failed
order accept, order confirm, order ok | order approve NAME | approves an order that waits for it
order cancel, order delete, order remove, order rm, order abort, order stop | cert cancel NAME | cancels what is in progress
order retry, order again | retry NAME | tries it again now
order merge, order complete | cert merge NAME signed.pem | completes it by what an authority signed
order new, order create, order cert | cert new NAME --issuer Self --dns www.example.org | orders a certificate
order request | order csr NAME | prints the request
issuer create, issuer new, issuer add, issuer update, issuer edit, issuer put, issuer register | issuer set NAME --provider Internal | makes or replaces one; certwright register NAME registers it anew at its authority
issuer get, issuer describe, issuer view | issuer show NAME | shows it
issuer ls, issuer providers | issuer list | lists the issuers of the vault
issuer remove, issuer rm, issuer del | issuer delete NAME | deletes it
contact add, contact create, contact new, contact update, contact edit | contact set ops@example.org | replaces whom there is: name all of them
contact show, contact get, contact ls | contact list | lists who gets mail
contact remove, contact rm, contact clear, contact unset | contact delete | has nobody get mail
certificate, certificates, certs, crt, x509, acme | cert list | lists certificates; certwright cert --help has what else is done with them
secrets | secret list | lists secrets
keys | key list | lists keys
issuers, authority, authorities, cas | issuer list | lists the issuers of a vault; certwright trust lists the authorities of a server
contacts | contact list | lists who gets mail
orders | order list | lists the orders in progress
keyvault, kv, vault | cert list --vault NAME | lists the certificates of a vault; cert, key, secret, issuer and contact stand first here, without keyvault before them
get, list, ls | cert list | lists certificates; what it is about stands first: certwright secret get NAME, certwright key list, certwright order list
show, describe, view, inspect | cert show NAME | shows a certificate; what it is about stands first: certwright order show NAME, certwright issuer show NAME
create, new, add, issue, request, order-cert, generate, enroll, certonly | cert new NAME --issuer Self --dns www.example.org | makes a certificate; what it is about stands first
apply, edit, patch, set | cert policy set NAME --policy FILE | takes a policy from a file; what it is about stands first: certwright secret set NAME, certwright contact set ADDRESS
delete, remove, rm, del | cert delete NAME | deletes a certificate; what it is about stands first
import, upload | cert import NAME web.pfx | imports a certificate that there is already
export, download | cert export NAME | writes a certificate to files
renew, rotate, reissue | cert renew NAME | has a new version of a certificate made by its policy
merge, complete | cert merge NAME signed.pem | completes a request by what an authority signed
recover, undelete | cert recover NAME | brings a deleted certificate back
purge | cert purge NAME | removes a deleted certificate for good
cancel | cert cancel NAME | cancels what is in progress of a certificate
deny | order deny NAME | denies an order that waits for approval
ca root, ca show, ca list, ca ls, ca get, ca export, ca cert, ca bundle | trust | lists the authorities of a server; with a name it prints one
ca certificate, ca sign, ca issue, ca request, ca csr | cert new NAME --issuer own --dns www.example.org | has an issuer sign one; certwright issuer set own --provider Internal makes an issuer of the built-in CA
ca init, ca create, ca new, ca add | issuer set own --provider Internal | makes an issuer of the built-in CA, which makes its certificates by itself
ca renew, ca rotate, ca reissue, ca refresh | ca rollover Internal | makes a new issuing certificate
ca revoke | cert revoke NAME | has a certificate revoked by the authority that issued it
genrsa, genpkey, ecparam, keygen | cert new NAME --issuer Self --dns www.example.org --key rsa-4096 | makes a certificate with its key, which the vault keeps
read | secret get NAME --stdout | prints the value of a secret
write, put | secret set NAME --file FILE | sets a secret
req, csr | order csr NAME | prints a certificate signing request; certwright cert new NAME --issuer Unknown makes one
pkcs12, pfx, p12 | cert export NAME --as pfx | writes a PFX; certwright cert import NAME web.pfx takes one
sign | key sign NAME FILE | signs a file; certwright cert merge NAME signed.pem completes a certificate that an authority signed
start, up, run-server, local | dev | starts a server for development; certwright serve --config FILE starts one for production
login, signin, auth | env | points clients at the server that runs here; commands sign in by CERTWRIGHT_TOKEN, a client's secret or certificate, or Azure CLI
config, configure, setup, bootstrap | init | writes a configuration by asking; certwright check --config FILE looks at one
status, ps, info | order list | lists the orders in progress; certwright env says which server runs here
log, logs, events | outbox | lists mails and events; certwright history NAME has what happened to an order, certwright audit tail the audit log
ui, dashboard, open, web | console link | prints a link to the console of a production server; that of certwright dev is at http://127.0.0.1:8080/ui/
time, date, now | clock | reads the clock of a development server
whoami, permissions, roles, can-i, policy | access --help | says who may do what

cert export --pfx, cert export --p12, cert export --pkcs12 | cert export NAME --as pfx | writes a PFX
cert export --pem, cert export --full | cert export NAME --as pem | writes key, certificate and chain in PEM
cert export --key, cert export --private-key, cert export --with-key | cert export NAME --as key | writes the key
cert export --chain, cert export --fullchain, cert export --ca | cert export NAME --as chain | writes certificate and chain
cert export --cert, cert export --der, cert export --cer, cert export --crt, cert export --public | cert export NAME --as cert | writes the certificate alone
cert export --format, cert export --form, cert export --encoding, cert export --type, cert export -f, cert export -e | cert export NAME --as pem,pfx | writes it in these forms: pem, pfx, chain, cert, key
cert export --out, cert export --outfile, cert export --output-file | cert export NAME --as pem --file web.pem | writes that file; --dir DIR names a folder instead
cert export --password, cert export --passphrase, cert export --pass, cert export -p, cert export --passout | cert export NAME --as pfx --password-file FILE | takes the password from a file, so that it stands in no list of processes; without it you are asked
cert import --password, cert import --passphrase, cert import --pass, cert import -p, cert import --passin | cert import NAME web.pfx --password-file FILE | takes the password from a file, so that it stands in no list of processes; without it you are asked
cert import --file, cert import --pfx, cert import --pem, cert import -f, cert import --cert, cert import --key, cert import --in | cert import NAME web.pfx | takes the files as arguments: one PFX, or PEM files with certificate, chain and key
cert merge --file, cert merge -f, cert merge --cert, cert merge --in | cert merge NAME signed.pem | takes the files as arguments
cert new --cn, cert new --common-name, cert new --subj, cert new -subj | cert new NAME --issuer Self --subject CN=www.example.org --dns www.example.org | names it; programs look at --dns
cert new --sans, cert new --domain, cert new --domains, cert new --host, cert new --hosts, cert new -d, cert new --dns-name, cert new --dns-names | cert new NAME --issuer Self --dns www.example.org,example.org | has these names; --ip, --email and --uri are for others
cert new --days, cert new --not-after, cert new --validity-in-months, cert new --ttl, cert new --duration, cert new --months | cert new NAME --issuer Self --dns www.example.org --validity 6 | is valid for six months
cert new --kty, cert new --key-type, cert new --key-size, cert new --bits, cert new --size, cert new --rsa, cert new --curve, cert new --newkey, cert new --algorithm | cert new NAME --issuer Self --dns www.example.org --key rsa-4096 | says which key; ec-p256 and others are in certwright cert new --help
cert new --issuer-name, cert new --ca, cert new --provider | cert new NAME --issuer Self --dns www.example.org | says who issues it; certwright issuer list lists those of the vault
cert new --self-signed, cert new --x509, cert new --self | cert new NAME --issuer Self --dns www.example.org | signs it by its own key
cert new --csr, cert new --csr-only, cert new --out | cert new NAME --issuer Unknown --dns www.example.org --csr-out web.csr | writes the request, to be signed by an authority of your own
cert delete --purge, cert delete --permanent, cert delete --now | cert purge NAME | removes for good what certwright cert delete NAME deleted before
cert list --include-pending, cert list --all, cert list --maxresults | cert list | lists all of them
cert list --expiring, cert list --expires-in, cert list --days | cert list --within 30d | lists what expires in that time
order deny --reason, order deny --why, order approve --reason | order deny NAME --message WHY | says why
secret get --value, secret get --show, secret get --query, secret get --plain, secret get --raw | secret get NAME --stdout | prints the value
secret get --out, secret get --output-file, secret get -f | secret get NAME --file FILE | writes it for you alone to read
secret set --value, secret set -v, secret set --secret | secret set NAME --file FILE | takes the value from a file, since others can read a command line; without --file it is asked for, or read from stdin
* --vault-name, * --vault-url, * --keyvault, * --url, * --vaultname | * --vault NAME | asks that vault, by its name here or by its address
* --name, * -n, * --id | * NAME | wants the name without a flag
* --tags | * --tag team=web | tags it, once for each tag
* --yml, * --format, * -json, * --out | * -o json | prints JSON; yaml, jsonl and name are there too
* -q, * --quiet | * -o name | prints names alone
* --force, * -f, * --confirm, * --assume-yes | * --yes | does not ask first
`

// guesses are those rows, by each of the words in the first column.
func guesses() usage.Guesses {
	all := usage.Guesses{}
	for row := range strings.Lines(guessRows) {
		cells := strings.Split(row, "|")
		if len(cells) != 3 {
			continue
		}
		for typed := range strings.SplitSeq(cells[0], ",") {
			all[strings.TrimSpace(typed)] = usage.Guess{Call: strings.TrimSpace(cells[1]), Words: strings.TrimSpace(cells[2])}
		}
	}
	return all
}
