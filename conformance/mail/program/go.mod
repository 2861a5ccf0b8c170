// An SMTP server by other people, at a pinned version. It is started as a
// program; nothing of the house imports it, and the module is not in go.work:
//
//	GOWORK=off go -C conformance/mail/program build -o /tmp/mailserver
module certwright/conformance/mail/program

go 1.26.0

require github.com/emersion/go-smtp v0.25.1

require github.com/emersion/go-sasl v0.0.0-20241020182733-b788ff22d5a6
