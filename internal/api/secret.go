package api

import (
	"certwright/internal/service"
	"certwright/internal/vault"
)

// secretJSON is a version of a secret in the recorded order of members (WIRE
// section 4). value is missing where it is deleted.
type secretJSON struct {
	Value       *string           `json:"value,omitempty"`
	ContentType string            `json:"contentType,omitempty"`
	ID          string            `json:"id"`
	Managed     bool              `json:"managed,omitempty"`
	Attributes  attributesJSON    `json:"attributes"`
	Tags        map[string]string `json:"tags,omitempty"`
	KeyID       string            `json:"kid,omitempty"`
	Previous    string            `json:"previousVersion,omitempty"`
}

type deletedSecretJSON struct {
	*deletionJSON
	secretJSON
}

// secretItem is a secret, or a version of one, in a list.
type secretItem struct {
	ContentType string            `json:"contentType,omitempty"`
	ID          string            `json:"id"`
	Managed     bool              `json:"managed,omitempty"`
	Attributes  attributesJSON    `json:"attributes"`
	Tags        map[string]string `json:"tags,omitempty"`
}

type deletedSecretItem struct {
	*deletionJSON
	secretItem
}

func (v view) secret(s service.Secret) secretJSON {
	ref, id := s.Version.Ref, s.Version.ID
	out := secretJSON{ID: v.base.at(ref, id), Managed: s.Version.Managed,
		Attributes: v.attributes(s.Version.Attributes, s.Settings), Tags: s.Version.Tags}
	if s.Version.Managed {
		out.KeyID = v.base.at(ref.As(vault.Keys), id)
	}
	if body := s.Version.Secret; body != nil {
		out.ContentType = body.ContentType
		if v.version.has(secretExtras) {
			out.Previous = body.Previous
		}
	}
	return out
}

func (v view) secretItem(id string, e vault.Entry, s vault.Settings) secretItem {
	return secretItem{ContentType: e.ContentType, ID: id, Managed: e.Managed, Attributes: v.attributes(e.Attributes, s), Tags: e.Tags}
}

func (v view) deletedSecretItem(id string, e vault.Entry, s vault.Settings) deletedSecretItem {
	return deletedSecretItem{v.deletion(e.Ref, e.Deletion), v.secretItem(id, e, s)}
}

func getSecret(s *service.Service, c *call) (answer, error) {
	secret, err := s.GetSecret(c.ctx, c.who, c.ref(vault.Secrets), c.path.version, "")
	if err != nil {
		return answer{}, err
	}
	out := c.view().secret(secret)
	out.Value = &secret.Value
	return answer{body: out}, nil
}

func getDeletedSecret(s *service.Service, c *call) (answer, error) {
	secret, err := s.GetDeletedSecret(c.ctx, c.who, c.ref(vault.Secrets))
	if err != nil {
		return answer{}, err
	}
	v := c.view()
	return answer{body: deletedSecretJSON{v.deletion(secret.Version.Ref, secret.Deletion), v.secret(secret)}}, nil
}

// secretNoun has the reads of secrets, and the writes that are refused because
// a certificate owns the secret.
func secretNoun() noun {
	return noun{kind: vault.Secrets, get: getSecret, getDeleted: getDeletedSecret,
		list:        listObjects(vault.Secrets, false, (*service.Service).ListSecrets, view.secretItem),
		listDeleted: listObjects(vault.Secrets, true, (*service.Service).ListSecrets, view.deletedSecretItem),
		versions:    listVersions(vault.Secrets, (*service.Service).ListSecretVersions, view.secretItem),
		writes: []write{
			{"PUT", "/secrets/{name}", "SetSecret", "secrets/set", "set"},
			{"PATCH", "/secrets/{name}", "UpdateSecret", "secrets/set", "update"},
			{"PATCH", "/secrets/{name}/{version}", "UpdateSecret", "secrets/set", "update"},
			{"DELETE", "/secrets/{name}", "DeleteSecret", "secrets/delete", "delete"},
			{"POST", "/secrets/{name}/backup", "BackupSecret", "secrets/backup", "backup"},
			{"DELETE", "/deletedsecrets/{name}", "PurgeDeletedSecret", "secrets/purge", "purge"},
			{"POST", "/deletedsecrets/{name}/recover", "RecoverDeletedSecret", "secrets/recover", "recover"},
		}}
}
