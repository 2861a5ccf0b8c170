package line

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// A Line is a line of a log as it is read.
type Line struct {
	Time              time.Time `json:"time"`
	ResourceID        string    `json:"resourceId"`
	OperationName     string    `json:"operationName"`
	OperationVersion  string    `json:"operationVersion"`
	Category          string    `json:"category"`
	ResultType        string    `json:"resultType"`
	ResultSignature   string    `json:"resultSignature"`
	ResultDescription string    `json:"resultDescription"`
	DurationMs        string    `json:"durationMs"`
	CallerIPAddress   string    `json:"callerIpAddress"`
	CorrelationID     string    `json:"correlationId"`
	Identity          struct {
		Claim map[string]string `json:"claim"`
	} `json:"identity"`
	Properties map[string]any `json:"properties"`
	Certwright *Own           `json:"certwright,omitempty"`
}

// Own is what Azure's lines have not.
type Own struct {
	Server     string `json:"server"`
	Phase      Phase  `json:"phase"`
	Issuer     string `json:"issuer,omitempty"`
	CallerType string `json:"callerType,omitempty"`
	Decision   string `json:"decision,omitempty"`
	ClientID   string `json:"clientRequestId,omitempty"`
	Order      string `json:"order,omitempty"`
	Seq        int64  `json:"seq"`
}

// ReadLine reads a line.
func ReadLine(text []byte) (l Line, err error) {
	if err = json.Unmarshal(text, &l); err == nil && l.Certwright == nil {
		err = errors.New("it is not a line of an audit log")
	}
	return l, err
}

// Caller is who asked, by the best name there is.
func (l Line) Caller() string {
	for _, claim := range []string{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", claims + "objectidentifier", "appid"} {
		if name := l.Identity.Claim[claim]; name != "" {
			return name
		}
	}
	return ""
}

// Property is a text of the properties; "" if there is none.
func (l Line) Property(name string) string {
	text, _ := l.Properties[name].(string)
	return text
}

// Each calls do for every line of the files, the oldest first. What is no line
// is an error that says where; the last line may be one that is being written.
func Each(paths []string, do func(Line) error) error {
	for i, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		err = eachOf(path, file, i == len(paths)-1, do)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

func eachOf(path string, from io.Reader, last bool, do func(Line) error) error {
	for l := NewLines(from); ; {
		text, ended, err := l.Next()
		switch {
		case errors.Is(err, io.EOF), err == nil && !ended && last:
			return nil
		case err != nil:
			return err
		}
		line, err := ReadLine(text)
		if err != nil {
			return fmt.Errorf("%s:%d: %w\nhint: certwright audit verify says what is wrong with the file", path, l.Row, err)
		}
		if err := do(line); err != nil {
			return err
		}
	}
}
