// Command certwright is a certificate vault that speaks the Azure Key Vault
// REST API. A file for each noun has its commands: their flags, help and printing.
// What they start is in internal/server, what they ask in internal/client.
package main

import (
	"io"
	"os"

	"certwright/cmd/certwright/vaults"
)

type program struct {
	Cert    vaults.Cert    `cmd:"" help:"Make, list, renew, merge, import and export certificates."`
	Issuer  vaults.Issuer  `cmd:"" help:"Manage the issuers of a vault."`
	Contact vaults.Contact `cmd:"" help:"Manage who gets mail about the certificates of a vault."`
	Key     vaults.Key     `cmd:"" help:"List and show keys, and sign files by them."`
	Secret  vaults.Secret  `cmd:"" help:"Set, get and list secrets."`
	Order   orderCommand   `cmd:"" help:"Follow, approve and deny orders at authorities."`

	Init initCommand `cmd:"" help:"Write a configuration by asking."`

	Dev        devCommand        `cmd:"" help:"Start a vault server for development and tests."`
	Serve      serveCommand      `cmd:"" help:"Start a production server: sign-in, permissions, declared vaults."`
	Agent      agentCommand      `cmd:"" help:"Give one service of this machine a managed identity of a production server."`
	Client     clientCommand     `cmd:"" help:"Manage the clients of a production server's token service."`
	Env        envCommand        `cmd:"" help:"Print the environment that points clients at a running server."`
	Run        runCommand        `cmd:"" help:"Run one command with a throwaway server around it."`
	Clock      clockCommand      `cmd:"" help:"Read the clock of a running server, or move it forward."`
	Outbox     outboxCommand     `cmd:"" help:"List the mails and events of a running server, and what could not be delivered."`
	Resend     resendCommand     `cmd:"" help:"Send messages again that failed permanently."`
	Pending    pendingCommand    `cmd:"" help:"List the operations in progress and what each waits for, or those that failed."`
	History    historyCommand    `cmd:"" help:"Show what happened to a certificate's operation, step by step."`
	Approve    approveCommand    `cmd:"" help:"Approve an order that waits for approval."`
	Reject     rejectCommand     `cmd:"" help:"Reject an order that waits for approval."`
	Retry      retryCommand      `cmd:"" help:"Retry a failed renewal or a waiting order now."`
	Revoke     revokeCommand     `cmd:"" help:"Revoke a certificate at the authority that issued it."`
	Register   registerCommand   `cmd:"" help:"Register an issuer anew at its authority, as after its account was deactivated there."`
	CA         caCommand         `cmd:"" name:"ca" help:"Manage a built-in CA."`
	Backup     backupCommand     `cmd:"" help:"Back up a data folder, beside a running server or without one."`
	Restore    restoreCommand    `cmd:"" help:"Restore a backup into a data folder in which no server runs."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the database of a configuration up to date, as the start of a server does."`
	Keyset     keysetCommand     `cmd:"" help:"Show, change and check the keys by which all is sealed."`
	Completion completionCommand `cmd:"" help:"Print what a shell needs to complete command lines."`
	Check      checkCommand      `cmd:"" help:"Check a data folder, beside a running server or without one."`
	Console    consoleCommand    `cmd:"" help:"Sign in to the pages of a production server."`
	Access     accessCommand     `cmd:"" help:"Say who may do what by a configuration of certwright serve."`
	Audit      auditCommand      `cmd:"" help:"Verify, read and export the audit log of a production server."`
	Words      wordsCommand      `cmd:"" name:"__complete" hidden:""`
	Man        manCommand        `cmd:"" hidden:"" help:"Print a page for man, or write all."`
	Trust      trustCommand      `cmd:"" help:"List the authorities of a server, print one, or have this machine trust the one of its TLS certificate."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

// streams are where the subcommands read and write: results go to out, talk to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() { os.Exit(start(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})) }
