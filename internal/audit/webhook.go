package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"time"

	"certwright/internal/audit/line"
	"certwright/internal/clock"
	"certwright/internal/files"
	"certwright/internal/outbound"
)

// A courier posts the lines of the file to an address, behind everything else:
// what it has not sent yet waits in the file.
type courier struct {
	settings WebhookSettings
	client   *outbound.Client
	path     string       // of the log's file
	durable  func() int64 // lines that are on the disk: no others are sent
	news     chan struct{}
	failed   func(sink string)
	log      *slog.Logger

	next   int64 // the first line that was not taken
	open   *os.File
	lines  *line.Lines
	tries  int // that failed in a row
	ctx    context.Context
	end    context.CancelFunc
	ended  chan struct{}
	gather time.Duration // how long lines are gathered
}

const (
	courierLines  = 500
	courierBytes  = 512 << 10
	courierFirst  = time.Second
	courierLast   = time.Minute
	courierGather = 500 * time.Millisecond
)

func openCourier(s WebhookSettings, path string) (*courier, error) {
	client, err := outbound.New(s.CABundle)
	if err != nil {
		return nil, fmt.Errorf("webhook: ca_bundle: %w", err)
	}
	c := &courier{settings: s, client: client, path: path, news: make(chan struct{}, 1), ended: make(chan struct{}), gather: courierGather}
	c.ctx, c.end = context.WithCancel(context.Background())
	if err := outbound.Sign(http.Header{}, s.SecretFile, clock.Real{}.Now(), nil); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	return c, c.recall()
}

// place is the file that has what was taken so far.
func (c *courier) place() string {
	stem, _ := line.Stem(c.path)
	return stem + ".webhook"
}

// recall reads how far it was; a new receiver gets all lines that there are.
func (c *courier) recall() error {
	text, err := os.ReadFile(c.place())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c.next)
	}
	if err != nil {
		return fmt.Errorf("webhook: read how far it was: %w\nhint: remove %s to have all lines sent again", err, c.place())
	}
	return nil
}

func (c *courier) note() error {
	text, err := json.Marshal(c.next)
	if err != nil {
		return err
	}
	return files.Replace(c.place(), text, fileMode)
}

// poke says that more lines are on the disk.
func (c *courier) poke() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// run sends until close.
func (c *courier) run() {
	defer close(c.ended)
	defer c.leave()
	for c.ctx.Err() == nil {
		body, next, err := c.batch()
		switch {
		case err != nil:
			c.again(fmt.Errorf("read the log: %w", err))
			continue
		case len(body) == 0:
			c.wait(c.news, courierLast)
			c.wait(nil, c.gather) // what comes together goes together
			continue
		}
		if err := c.post(body); err != nil {
			c.again(err)
			c.leave() // the same lines are read again
			continue
		}
		if c.tries > 0 {
			c.log.Warn("the audit log's webhook takes lines again", "from", c.next)
		}
		c.tries, c.next = 0, next
		if err := c.note(); err != nil {
			c.log.Warn("how far the audit log's webhook is was not kept: it may get lines twice", "error", err)
		}
	}
}

// wait waits for news, for some time at most.
func (c *courier) wait(news <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-c.ctx.Done():
	case <-news:
	case <-timer.C:
	}
}

// again waits after a failure, longer each time.
func (c *courier) again(err error) {
	if c.ctx.Err() != nil {
		return
	}
	c.failed("webhook")
	if c.tries++; c.tries == 1 {
		c.log.Error("the audit log's webhook took no lines; they stay in the file, and are sent again", "error", err)
	}
	c.wait(nil, min(courierFirst<<min(c.tries-1, 6), courierLast))
}

// batch reads lines that are on the disk and were not taken; next is the number
// behind them.
func (c *courier) batch() (body []byte, next int64, err error) {
	next = c.next
	end := c.durable()
	for n := 0; n < courierLines && len(body) < courierBytes && next < end; {
		text, number, err := c.read(next)
		if err != nil || text == nil {
			return body, next, err
		}
		if number > next {
			c.log.Error("lines of the audit log were gone before its webhook took them", "from", next, "to", number-1)
		}
		body = append(append(body, text...), '\n')
		next, n = number+1, n+1
	}
	return body, next, nil
}

// read reads the next line whose number is not below from; nil if there is none yet.
func (c *courier) read(from int64) (text []byte, number int64, err error) {
	for turned := false; ; {
		if c.lines == nil {
			if err := c.turn(from); err != nil || c.lines == nil {
				return nil, 0, err
			}
			turned = true
		}
		said, ended, err := c.lines.Next()
		switch {
		case errors.Is(err, io.EOF) || err == nil && !ended:
			c.leave() // there is another file, or more in this one
			if turned {
				return nil, 0, nil
			}
			continue
		case err != nil:
			return nil, 0, err
		}
		if number, _, ok := line.NumberOf(said); ok && number >= from {
			return bytes.Clone(said), number, nil
		}
	}
}

// turn opens the file that has a line of a number, or the first one behind it.
func (c *courier) turn(number int64) error {
	paths, err := line.From(c.path, number)
	if err != nil || len(paths) == 0 {
		return err
	}
	for _, path := range paths { // the first may end before the number
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		last, err := lastNumber(file)
		if err == nil && last >= number {
			if _, err = file.Seek(0, io.SeekStart); err == nil {
				c.open, c.lines = file, line.NewLines(file)
				return nil
			}
		}
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// lastNumber is the number of the last whole line; -1 if there is none.
func lastNumber(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return -1, err
	}
	tail := make([]byte, min(info.Size(), 2*line.Most))
	if _, err := file.ReadAt(tail, info.Size()-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return -1, err
	}
	last := int64(-1)
	for text := range bytes.Lines(tail) {
		if number, _, ok := line.NumberOf(bytes.TrimSuffix(text, []byte("\n"))); ok && bytes.HasSuffix(text, []byte("\n")) {
			last = number
		}
	}
	return last, nil
}

func (c *courier) leave() {
	if c.open != nil {
		_ = c.open.Close()
	}
	c.open, c.lines = nil, nil
}

// post sends lines; any 2xx means that they were taken.
func (c *courier) post(body []byte) error {
	r, err := http.NewRequestWithContext(c.ctx, http.MethodPost, c.settings.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address cannot be called") // the error would repeat it
	}
	r.Header.Set("Content-Type", "application/x-ndjson; charset=utf-8")
	r.Header.Set("User-Agent", "certwright")
	if err := outbound.Sign(r.Header, c.settings.SecretFile, clock.Real{}.Now(), body); err != nil {
		return err
	}
	answer, err := c.client.HTTP("audit").Do(r)
	if err != nil {
		return errors.New(outbound.Plainly(err))
	}
	_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is used again
	_ = answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %d %s", r.URL.Host, answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return nil
}

// close ends it; what was not taken waits for the next start.
func (c *courier) close() {
	c.end()
	<-c.ended
}
