package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"certwright/internal/print"
	"certwright/internal/vault"
)

// AzureCLI asks Azure CLI, as who it is signed in.
type AzureCLI struct {
	Tenant string // "" takes the one it is signed in to
}

// azureTime is how long Azure CLI may take, which is a program in Python.
const azureTime = 30 * time.Second

// NoWay is the error of a caller who has nothing to sign in by.
var NoWay = errors.New("there is nothing to sign in by")

// Token asks for one.
func (a AzureCLI) Token(ctx context.Context, ch Challenge) (Token, error) {
	ctx, stop := context.WithTimeout(ctx, azureTime)
	defer stop()
	args := []string{"account", "get-access-token", "--output", "json", "--resource", ch.Resource}
	if a.Tenant != "" {
		args = append(args, "--tenant", a.Tenant)
	}
	program, err := exec.LookPath("az")
	if err != nil {
		return Token{}, fmt.Errorf("%w: no token, no client and no Azure CLI\nhint: %s", NoWay, ways)
	}
	c := exec.CommandContext(ctx, program, args...)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		return Token{}, fmt.Errorf("%w: az account get-access-token: %s\nhint: az login, or %s", NoWay, print.Plain(line), ways)
	}
	var got struct {
		Token   string `json:"accessToken"`
		Expires int64  `json:"expires_on"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Token == "" {
		return Token{}, errors.New("az account get-access-token prints no token\nhint: az login")
	}
	t := Token{Value: vault.Hidden(got.Token)}
	if got.Expires > 0 {
		t.Until = time.Unix(got.Expires, 0)
	}
	return t, nil
}

const ways = "set CERTWRIGHT_TOKEN, or AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or --client-id and --client-secret-file), or name --client-certificate"
