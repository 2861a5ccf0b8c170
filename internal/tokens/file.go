package tokens

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"certwright/internal/setting"
)

// maxClientsFile bounds the clients' file, in bytes.
const maxClientsFile = 16 << 20

// clientsFile is what stands in the clients' file.
type clientsFile struct{ Clients []ClientSettings }

// Fields implements setting.Settings.
func (f *clientsFile) Fields() []setting.Field {
	return []setting.Field{setting.List("clients", &f.Clients)}
}

// ReadClients reads a clients' file. One that is not there has no clients.
func ReadClients(path string) ([]ClientSettings, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	switch {
	case err != nil:
	case info.Size() > maxClientsFile:
		err = fmt.Errorf("%s has more than %d bytes", path, maxClientsFile)
	case runtime.GOOS != "windows" && info.Mode()&0o002 != 0:
		err = fmt.Errorf("everybody on this machine may write %s, and so make clients\nhint: chmod o-w %s", path, path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the clients: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the clients: %w", err)
	}
	return parseClients(text, path)
}

func parseClients(text []byte, path string) ([]ClientSettings, error) {
	var f clientsFile
	err := setting.Read(text, f.Fields(), filepath.Dir(path))
	if err == nil {
		err = errors.Join(checkClients(f.Clients)...)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f.Clients, nil
}
