//go:build !unix

package sqlstore_test

const failFile = "CERTWRIGHT_FAIL_FILE"

func writeUntilRefused(string) {}
