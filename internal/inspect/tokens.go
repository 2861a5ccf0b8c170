package inspect

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"certwright/internal/tokens"
)

// tokens reads the clients of the token service as a start would, and looks
// whether the sockets have a place.
func (i *inspector) tokens(context.Context) {
	given := i.Config.Auth.TokenService
	if given == nil {
		return
	}
	const what = "token service"
	clients, ending, err := tokens.Look(*given, i.Clock.Now())
	if err != nil {
		i.fault(what, err, "correct what it names; certwright client list shows the clients")
		return
	}
	if strangers, err := tokens.Unknown(*given, i.Config.ClientsGiven()); err == nil && len(strangers) > 0 {
		i.fault(what, fmt.Errorf("access names clients that are not there: %s", strings.Join(strangers, ", ")), "add each with certwright client add, or correct its name under access")
		return
	}
	for _, h := range given.Hosts {
		folder := filepath.Dir(h.Socket)
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			i.fault(what, fmt.Errorf("hosts: there is no folder %s for the socket", folder), "make it, or have systemd make it with RuntimeDirectory=")
			return
		}
	}
	i.fine(what, "%s", strings.Join(append([]string{fmt.Sprintf("%d clients of %s", clients, given.Issuer)}, ending...), "; "))
}
