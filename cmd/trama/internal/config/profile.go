package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"trama/codec"
	"trama/internal/tomlread"
	"trama/internal/words"
)

// profileSet finds the profiles of the listeners; each definition is read once and its problems are told once.
type profileSet struct {
	*tomlread.Source
	dir  string
	read map[string]*loaded
	all  []*loaded
}

type loaded struct {
	profile *codec.Profile
	file    string // empty for a shipped one
	err     error
}

func (s *profileSet) expected() string {
	return fmt.Sprintf("a shipped profile (%s) or the path of a definition such as \"profiles/mine.toml\"",
		strings.Join(codec.ShippedNames(), ", "))
}

// find returns the profile that key names, nil after reporting why not.
func (s *profileSet) find(key, name string) (*codec.Profile, string) {
	l, seen := s.read[name]
	if !seen {
		l = s.load(name)
		s.read[name] = l
		s.all = append(s.all, l)
	}
	var definition *codec.DefinitionError
	switch {
	case l.err == nil:
	case errors.As(l.err, &definition):
		problems := "1 problem"
		if n := len(definition.Problems); n > 1 {
			problems = fmt.Sprint(n, " problems")
		}
		s.Problem(key, fmt.Sprintf("%q, a definition with %s", name, problems), "a definition without problems (they are listed below)")
	case IsPath(name):
		s.Problem(key, fmt.Sprintf("%q: %v", name, l.err), s.expected())
	default:
		s.Problem(key, fmt.Sprintf("%q", name), s.expected(), codec.ShippedNames()...)
	}
	return l.profile, l.file
}

func (s *profileSet) load(name string) *loaded {
	if !IsPath(name) {
		p, err := codec.Shipped(name)
		return &loaded{profile: p, err: err}
	}
	file := resolve(s.dir, name)
	p, err := ReadProfile(file)
	return &loaded{profile: p, file: file, err: err}
}

// problems are those of the definitions themselves.
func (s *profileSet) problems() []tomlread.Problem {
	var all []tomlread.Problem
	for _, l := range s.all {
		var definition *codec.DefinitionError
		if errors.As(l.err, &definition) {
			all = append(all, definition.Problems...)
		}
	}
	return all
}

// ReadProfile compiles the definition in a file.
func ReadProfile(file string) (*codec.Profile, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return codec.Compile(file, src)
}

// FindProfile returns a profile by its shipped name or by the path of its definition, as a command line names it.
func FindProfile(name string) (*codec.Profile, error) {
	if IsPath(name) {
		return ReadProfile(name)
	}
	p, err := codec.Shipped(name)
	if err != nil {
		return nil, fmt.Errorf("unknown profile %q: shipped are %s; a path to a .toml file works too%s", name,
			strings.Join(codec.ShippedNames(), ", "), words.DidYouMean(name, codec.ShippedNames()))
	}
	return p, nil
}

// IsPath tells the path of a definition from the name of a shipped profile.
func IsPath(name string) bool {
	return strings.HasSuffix(name, ".toml") || strings.ContainsAny(name, `/\`)
}
