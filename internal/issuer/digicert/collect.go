package digicert

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"certwright/internal/certs"
	"certwright/internal/vault"
)

// collect downloads the certificate of an order that is issued; one that is not
// there yet is waited for. On a reissued order the old certificate stands until
// the new one is there.
func (s *step) collect(ctx context.Context, info orderInfo) (vault.Progress, error) {
	id := int64(info.Certificate.ID)
	if s.notes.Reissue != 0 {
		found, _, err := search{s}.findReissue(ctx)
		if err != nil {
			return vault.Progress{}, err
		}
		if p, end := s.reissueEnded(info, found); end {
			return p, nil
		}
		id = max(int64(found.ID), s.notes.Certificate)
	}
	if id == 0 {
		return s.later(s.pendingDetail(info.Status)), nil
	}
	list, err := s.download(ctx, id)
	if r, ok := refused(err); ok && (r.Status == http.StatusNotFound || r.Status == http.StatusBadRequest) {
		return s.later(s.pendingDetail("issued"), sentence("Certificate %d cannot be downloaded yet: %v", id, r)), nil
	}
	if err != nil {
		return vault.Progress{}, err
	}
	chain, whole := s.sort(list)
	if s.notes.Misses++; !whole && s.notes.Misses < most404 {
		return s.wait(sinceIssued, fmt.Sprintf("The download of order %d was not whole.", info.ID)), nil
	}
	return vault.Progress{Chain: chain, Ref: encode(reference{Order: s.notes.Order, Certificate: id}),
		Notes: []string{fmt.Sprintf("Order %d is issued; collected certificate %d.", info.ID, id)}}, nil
}

// reissueEnded tells a reissue that will not be, from an order that stands as before.
func (s *step) reissueEnded(info orderInfo, found reissued) (vault.Progress, bool) {
	no := slices.ContainsFunc(info.Requests, func(r request) bool {
		return r.Status == "rejected" && strings.Contains(r.Comments, s.tag())
	})
	switch found.Status {
	case "rejected", "canceled", "denied":
		no = true
	case "revoked", "expired":
		return fail(vault.IssuerFault, fmt.Sprintf("The reissue on order %d is %s at the CA.", info.ID, found.Status)), true
	}
	if !no {
		return vault.Progress{}, false
	}
	if s.order.CancelRequested {
		return vault.Progress{Cancelled: true}, true
	}
	return s.rejected(info), true
}

// download reads the certificates of one id: pem_all is the leaf, then the
// authorities above it.
func (s *step) download(ctx context.Context, id int64) ([][]byte, error) {
	text, err := s.raw(ctx, http.MethodGet, "/certificate/"+strconv.FormatInt(id, 10)+"/download/format/pem_all", nil, nil)
	if err != nil {
		return nil, err
	}
	return readPEM(text)
}

// maxChain is how many certificates a download may hold.
const maxChain = 16

// readPEM reads certificates; a text that breaks off within one is an error.
func readPEM(text []byte) (list [][]byte, err error) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" || len(list) == maxChain {
			return nil, &lost{err: errors.New("CertCentral's download is not a certificate chain in PEM")}
		}
		list, text = append(list, block.Bytes), rest
	}
	if len(list) == 0 || bytes.Contains(text, []byte("-----")) {
		return nil, &lost{err: errors.New("CertCentral's download cannot be read as certificates in PEM")}
	}
	return list, nil
}

// sort puts the leaf of the order's key first and what stands above it behind,
// strays left out. whole is false if the leaf or its issuer is not there; then
// the list comes back as it is, for the vault to judge.
func (s *step) sort(list [][]byte) (chain [][]byte, whole bool) {
	leaf, err := certs.FindLeaf(list, s.want.public)
	if err != nil {
		return list, false
	}
	for _, der := range certs.Order(list, leaf) {
		c, err := certs.Parse(der)
		if err != nil {
			break
		}
		if len(chain) > 0 {
			below, err := certs.Parse(chain[len(chain)-1])
			if err != nil || !bytes.Equal(below.IssuerDER, c.SubjectDER) || bytes.Equal(below.IssuerDER, below.SubjectDER) {
				break
			}
		}
		chain = append(chain, der)
	}
	return chain, len(chain) > 1
}
