package listener

import (
	"bufio"
	"bytes"
	"net"
	"net/textproto"
	"strings"
	"testing"
)

// A text is a connection that says it.
type text struct {
	net.Conn
	*strings.Reader
}

func (t text) Read(p []byte) (int, error) { return t.Reader.Read(p) }

// Whatever net/http takes for two lengths is seen as two lengths.
func FuzzFraming(f *testing.F) {
	for _, s := range []string{
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "POST / HTTP/1.1\ncontent-length:1\ntransfer-encoding:chunked\n\n",
		"POST / HTTP/1.1\r\nX: y\r\n Content-Length: 1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", "\r\nPOST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length : 1\r\nTransfer-Encoding\t: chunked\r\n\r\n", "POST / HTTP/1.1\r\n\r\r\nContent-Length: 1\r\n\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		w := &watched{Conn: text{Reader: strings.NewReader(sent)}}
		in := textproto.NewReader(bufio.NewReader(w))
		first, err := in.ReadLine()
		if err != nil || len(strings.Fields(first)) != 3 {
			return // no request
		}
		header, err := in.ReadMIMEHeader()
		if err != nil {
			return // refused
		}
		length, coding := header["Content-Length"] != nil, header["Transfer-Encoding"] != nil
		if length && coding && !w.twofold() {
			t.Errorf("two lengths are not seen: %q", header)
		}
		if (w.length && !length || w.coding && !coding) && !bytes.Contains([]byte(first), []byte(":")) {
			t.Errorf("seen are length %v and coding %v, net/http sees %q", w.length, w.coding, header)
		}
	})
}
