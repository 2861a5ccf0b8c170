package arm

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Group is the resource group of vaults that nobody asked for under another.
const Group = "certwright"

// A groups book says under which resource group a vault was last asked for: a
// tool that knows it by its own configuration finds it again in the lists, or
// would think that it had moved. It lasts as long as the server runs.
type groups struct {
	lock sync.Mutex
	of   map[string]string // by subscription and vault
}

// maxGroups bounds the book; vaults beyond it are listed in Group.
const maxGroups = 10_000

func (g *groups) put(subscription, vault, group string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	at := place(subscription, vault)
	if _, there := g.of[at]; there || len(g.of) < maxGroups {
		g.of[at] = group
	}
}

func (g *groups) get(subscription, vault string) string {
	g.lock.Lock()
	defer g.lock.Unlock()
	if group, ok := g.of[place(subscription, vault)]; ok {
		return group
	}
	return Group
}

// all lists the groups of a subscription, each once whatever its letter case.
func (g *groups) all(subscription string) []string {
	g.lock.Lock()
	defer g.lock.Unlock()
	found := map[string]string{strings.ToLower(Group): Group}
	for at, group := range g.of {
		if strings.HasPrefix(at, place(subscription, "")) {
			found[strings.ToLower(group)] = group
		}
	}
	return slices.Sorted(maps.Values(found))
}

func place(subscription, vault string) string {
	return strings.ToLower(subscription + "/" + vault)
}

type resourceGroup struct {
	resource
	Properties map[string]string `json:"properties"`
}

func (s *Service) resourceGroup(c call, name string) resourceGroup {
	return resourceGroup{
		resource:   resource{ID: groupID(c.subscription, name), Name: name, Type: "Microsoft.Resources/resourceGroups", Location: s.Region, Tags: map[string]string{}},
		Properties: map[string]string{"provisioningState": "Succeeded"},
	}
}

func groupID(subscription, group string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/" + group
}

func resourceGroups(s *Service, c call) (any, error) {
	all := []resourceGroup{}
	for _, name := range s.groups.all(c.subscription) {
		if g := s.resourceGroup(c, name); c.filter.allows(g.resource, name) {
			all = append(all, g)
		}
	}
	return list{Value: all}, nil
}

func oneGroup(s *Service, c call) (any, error) { return s.resourceGroup(c, c.group), nil }
