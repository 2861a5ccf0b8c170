package cluster

import (
	"os"
	"testing"

	"certwright/conformance/serve"
)

func TestMain(m *testing.M) {
	code := m.Run()
	serve.Built()
	os.Exit(code)
}
