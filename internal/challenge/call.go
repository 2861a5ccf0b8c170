package challenge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// maxSaid is how much of an answer or a program's output an error repeats, in bytes.
const maxSaid = 500

// post sends JSON to an address of the settings; any 2xx is success. who names
// the other side to people.
func post(ctx context.Context, client *http.Client, who, address string, body any, dress func(*http.Request, []byte) error) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write the call of %s: %w", who, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("make the call of %s: %w", who, err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "certwright")
	if err := dress(r, text); err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%s cannot be asked: %s: %w", who, r.URL.Host, bareURL(err))
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 4*maxSaid)) // an answer cut short says enough
	if answer.StatusCode/100 == 2 {
		return nil
	}
	return fmt.Errorf("%s answers %d %s%s", who, answer.StatusCode, http.StatusText(answer.StatusCode), saying(string(said)))
}

// bareURL leaves method and address out of the error of an http.Client.
func bareURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return bare(u.Err)
	}
	return bare(err)
}

// saying appends what somebody said to an error: on one line, printable, not long.
func saying(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if text == "" {
		return ""
	}
	if len(text) > maxSaid {
		text = strings.ToValidUTF8(text[:maxSaid], "") + "..."
	}
	return ", and says: " + text
}
