package api

import (
	"errors"
	"net/http"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// kindRows are the operations that certificates, keys and secrets have alike.
func kindRows(k vault.Kind) []row {
	of, deleted, noun := "/"+string(k), "/deleted"+string(k), k.Title()
	return []row{
		{"GET", of, "Get" + noun + "s", listObjects(k, false), 0, ""},
		{"DELETE", of + "/{name}", "Delete" + noun, deleteObject(k), 0, ""},
		{"GET", of + "/{name}/versions", "Get" + noun + "Versions", listVersions(k), 0, ""},
		{"POST", of + "/{name}/backup", "Backup" + noun, backupObject(k), 0, ""},
		{"POST", of + "/restore", "Restore" + noun, restoreObject(k), maxBackup, vault.Action(k + "/restore")},
		{"GET", deleted, "GetDeleted" + noun + "s", listObjects(k, true), 0, ""},
		{"GET", deleted + "/{name}", "GetDeleted" + noun, getDeleted(k), 0, ""},
		{"DELETE", deleted + "/{name}", "PurgeDeleted" + noun, purgeDeleted(k), 0, ""},
		{"POST", deleted + "/{name}/recover", "RecoverDeleted" + noun, recoverDeleted(k), 0, ""},
	}
}

// getObject serves a GET of one version.
func getObject(k vault.Kind) serve {
	return func(s *service.Service, c *call) (answer, error) {
		ref, version := c.ref(k), c.path.version
		return c.kept(s, ref, c.key(ref, whole, version), func() (answer, bool, error) {
			b, err := s.Get(c.ctx, c.who, ref, version)
			if err != nil {
				return answer{}, false, err
			}
			v, err := c.view().read(b, version)
			return answer{body: v}, b.Settled(), err
		})
	}
}

func deleteObject(k vault.Kind) serve {
	return func(s *service.Service, c *call) (answer, error) {
		return c.bundleAnswer(s.Delete(c.ctx, c.who, c.ref(k)))
	}
}

func getDeleted(k vault.Kind) serve {
	return func(s *service.Service, c *call) (answer, error) {
		return c.bundleAnswer(s.GetDeleted(c.ctx, c.who, c.ref(k)))
	}
}

func recoverDeleted(k vault.Kind) serve {
	return func(s *service.Service, c *call) (answer, error) {
		return c.bundleAnswer(s.Recover(c.ctx, c.who, c.ref(k)))
	}
}

func purgeDeleted(k vault.Kind) serve {
	return func(s *service.Service, c *call) (answer, error) {
		return answer{status: http.StatusNoContent}, s.Purge(c.ctx, c.who, c.ref(k))
	}
}

func backupObject(k vault.Kind) serve {
	return func(s *service.Service, c *call) (answer, error) {
		return shown(encodeBackup)(s.Backup(c.ctx, c.who, c.ref(k)))
	}
}

func restoreObject(k vault.Kind) serve {
	return func(s *service.Service, c *call) (answer, error) {
		blob, err := c.backup()
		if err != nil {
			return answer{}, err
		}
		b, err := s.Restore(c.ctx, c.who, c.vault, k, blob)
		if taken := (*service.Taken)(nil); errors.As(err, &taken) {
			err = vault.RestoreConflict(k, c.base.at(taken.Ref, taken.ID))
		}
		return c.bundleAnswer(b, err)
	}
}

// listObjects serves a whole collection, live or deleted.
func listObjects(k vault.Kind, deleted bool) serve {
	collection := "/" + string(k)
	if deleted {
		collection = "/deleted" + string(k)
	}
	return func(s *service.Service, c *call) (answer, error) {
		return listed(c, string(c.base)+collection, func(in service.ListInput) (service.Page[vault.Entry], error) {
			in.Deleted = deleted
			return s.List(c.ctx, c.who, c.vault, k, in)
		}, func(e vault.Entry, settings vault.Settings) any { return c.view().item(c.base.of(e.Ref), e, settings) })
	}
}

// listVersions serves the versions of one object.
func listVersions(k vault.Kind) serve {
	return func(s *service.Service, c *call) (answer, error) {
		return listed(c, c.base.of(c.ref(k))+"/versions", func(in service.ListInput) (service.Page[vault.Entry], error) {
			return s.ListVersions(c.ctx, c.who, c.ref(k), in)
		}, func(e vault.Entry, settings vault.Settings) any {
			return c.view().item(c.base.at(e.Ref, e.ID), e, settings)
		})
	}
}
