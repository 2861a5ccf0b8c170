//go:build unix

package sqlstore_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// failFile tells the test program to write where no file may grow.
const failFile = "CERTWRIGHT_FAIL_FILE"

// writeUntilRefused writes until the system lets no file grow, then lets it,
// and says what came of each.
func writeUntilRefused(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := sqlstore.Open(context.Background(), path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	over := make(chan bool)
	s.OnTrouble(func(now *vault.StorageError) {
		if now == nil {
			close(over)
			return
		}
		fmt.Println("trouble:", now.Fault)
	})
	grow := func(most uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: 1 << 40}); err != nil {
			fmt.Println(err)
		}
	}
	grow(1 << 20)
	for n := 0; err == nil && n < 100; n++ {
		err = s.Update(context.Background(), func(tx vault.Tx) error {
			return tx.PutContacts(fmt.Sprint("v", n), []vault.Contact{{Name: strings.Repeat("x", 100_000)}})
		})
	}
	fmt.Println("refused:", vault.RefusalIn(err))
	fmt.Println("read:", vault.RefusalIn(s.View(context.Background(), func(vault.Reader) error { return err })))
	grow(1 << 40)
	<-over
	fmt.Println("after it:", s.Update(context.Background(), func(tx vault.Tx) error { return tx.PutSetting("k", "v") }), s.Trouble())
	fmt.Println("closed:", s.Close())
	os.Exit(0)
}

// A disk that fails, here one on which no file may grow, is told as that, and
// the store goes on when it does not any more.
func TestFailingDisk(t *testing.T) {
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), failFile+"="+filepath.Join(t.TempDir(), "certwright.db"))
	out, err := child.CombinedOutput()
	want := `trouble: its disk fails
refused: ServiceUnavailable: The server can store nothing at the moment: its disk fails. Nothing was changed, and what is stored is still served; try again later.
read: ServiceUnavailable: The server cannot read its data at the moment: its disk fails. Try again later.
after it: <nil> <nil>
closed: <nil>
`
	if err != nil || string(out) != want {
		t.Errorf("%v\n%s", err, out)
	}
}
