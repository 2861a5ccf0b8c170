package conformance_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"certwright/internal/must"
)

// What the program's own client is held to is what Azure's SDK for Go sends today.
func TestRecordingOfTheSDK(t *testing.T) {
	t.Parallel()
	c := exec.CommandContext(t.Context(), "go", "run", "certwright/conformance/sdk/go/wire")
	var said bytes.Buffer
	c.Stderr = &said
	got, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	want, err := os.ReadFile("../internal/client/keyvault/testdata/sdk.json")
	must.Do(t, err)
	if !bytes.Equal(got, want) {
		t.Error("the SDK sends something else than internal/client/keyvault/testdata/sdk.json has; write it anew: go run ./conformance/sdk/go/wire > internal/client/keyvault/testdata/sdk.json")
	}
}
