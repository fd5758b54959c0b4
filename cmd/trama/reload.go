package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"trama/actors"
	"trama/cmd/trama/internal/access"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/config"
)

func (a *app) reloadCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "reload", Short: "Take over the profiles and masters of the configuration while connections live", Args: cobra.NoArgs,
		Long: "reload makes the daemon read its configuration again, check every profile that a listener names, and swap those that have changed.\n" +
			"The file of [masters], the polls, the keys of [keys] and the certificates of listeners are read again too.\n" +
			"One that does not pass is refused, and with it all: every listener goes on with what it has.  SIGHUP does the same.",
		RunE: func(c *cobra.Command, _ []string) error {
			daemon, err := a.client()
			if err != nil {
				return err
			}
			if asJSON {
				return daemon.copy(c.Context(), http.MethodPost, a.jsonOut(), "/api/v1/reload", nil)
			}
			var done admin.Reloaded
			if err := daemon.call(c.Context(), http.MethodPost, "/api/v1/reload", nil, &done); err != nil {
				return err
			}
			for _, s := range done.Listeners {
				a.say("%s", swappedInWords(s))
			}
			if done.Polls > 0 {
				a.say("polls: %d read", done.Polls)
			}
			if done.Masters > 0 {
				a.say("masters: entries read: %d", done.Masters)
			}
			if done.Certificates > 0 {
				a.say("certificates: read again for %d %s; open connections keep theirs", done.Certificates, plural(done.Certificates, "listener"))
			}
			if k := done.Keys; k != nil {
				a.say("keys: %d, of these %d new, %d changed; %d removed", k.Keys, k.Added, k.Changed, k.Removed)
			}
			if len(done.NeedsRestart) > 0 {
				a.say("needs a restart to apply:")
				for _, key := range done.NeedsRestart {
					a.say("  %s", key)
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.daemonFlags(c)
}

func swappedInWords(s actors.Swapped) string {
	if !s.Changed {
		return fmt.Sprintf("%s: %s is unchanged (generation %d)", s.Listener, s.Profile, s.Now.Generation)
	}
	from := s.Profile
	if s.Before != s.Profile {
		from = s.Before + " → " + s.Profile
	}
	return fmt.Sprintf("%s: %s is swapped (generation %d, %.12s, %s); %d live %s went along",
		s.Listener, from, s.Now.Generation, s.Now.Hash, s.Now.Source, s.Live, plural(s.Live, "connection"))
}

// reload reads the configuration again and swaps the profiles of the listeners that there are; everything else stays as it is.
func (d *daemon) reload(ctx context.Context) (admin.Reloaded, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	d.notify(nowReloading)
	defer d.notify(nowReady)
	done, err := d.reloadProfiles(ctx)
	log := d.log.Named("reload")
	if err != nil {
		log.Error("refused, every listener keeps its profile", "reason", err)
		var refusal *admin.Refusal
		if errors.As(err, &refusal) {
			for _, p := range refusal.Problems {
				log.Error("problem", "is", p)
			}
		}
		return done, err
	}
	changed := 0
	for _, s := range done.Listeners {
		if s.Changed {
			changed++
		}
	}
	log.Info("done", "swapped", changed, "unchanged", len(done.Listeners)-changed)
	for _, key := range done.NeedsRestart {
		log.Warn("changed, but taken over by a restart only", "key", key)
	}
	return done, nil
}

func (d *daemon) reloadProfiles(ctx context.Context) (admin.Reloaded, error) {
	done := admin.Reloaded{Listeners: []actors.Swapped{}, NeedsRestart: []string{}}
	c, err := config.Load(d.config.File)
	var bad *config.Error
	switch {
	case errors.As(err, &bad):
		refusal := &admin.Refusal{What: fmt.Sprintf("the configuration has %d %s", len(bad.Problems),
			plural(len(bad.Problems), "problem"))}
		for _, p := range bad.Problems {
			refusal.Problems = append(refusal.Problems, p.String())
		}
		return done, refusal
	case err != nil:
		return done, &admin.Refusal{What: "the configuration cannot be read", Problems: []string{err.Error()}}
	}
	editions := map[string]actors.ProfileVersion{}
	for _, l := range c.Listeners {
		for _, running := range d.config.Listeners {
			if running.Name == l.Name {
				editions[l.Name] = editionOf(l)
			}
		}
	}
	if problems := problemsOfAll(editions); len(problems) > 0 {
		return done, &admin.Refusal{What: fmt.Sprintf("the profiles have %d %s", len(problems),
			plural(len(problems), "problem")), Problems: problems}
	}
	local, made, err := access.Local(c.Admin.TokenFile)
	if made {
		d.log.Info("made a new admin token", "file", c.Admin.TokenFile)
	}
	tokens := fixedTokens(local, c.Admin)
	if err == nil {
		_, err = access.OpenTokens(c.Admin.TokensFile(), tokens)
	}
	if err != nil {
		return done, &admin.Refusal{What: "the tokens cannot be read", Problems: []string{err.Error()}}
	}
	if d.keys != nil {
		changes, err := admin.ReloadKeys(d.keys)
		if err != nil {
			return done, err
		}
		done.Keys = &changes
	}
	if err := d.gateway.ReloadTLS(); err != nil {
		return done, &admin.Refusal{What: "the certificates cannot be taken over", Problems: []string{err.Error()}}
	}
	for _, l := range d.config.Listeners {
		if l.Transport.TLS.Certificate != "" {
			done.Certificates++
		}
	}
	swapped, err := d.gateway.Swap(ctx, editions)
	if err != nil {
		return done, err
	}
	if err := d.tokens.Reload(tokens); err != nil { // its file was good a moment ago
		return done, err
	}
	d.known.Set(c.Masters.Known)
	d.gateway.SetPolls(c.Polls)
	done.Polls = len(c.Polls)
	done.Masters = c.Masters.Known.Len()
	done.Listeners = append(done.Listeners, swapped...)
	done.NeedsRestart = append(done.NeedsRestart, config.Changes(d.config, c)...)
	return done, nil
}

func editionOf(l config.Listener) actors.ProfileVersion {
	source := l.ProfileFile
	if source == "" {
		source = "shipped"
	}
	return actors.ProfileVersion{Profile: l.Profile, Source: source}
}

// problemsOfAll checks each definition once.
func problemsOfAll(editions map[string]actors.ProfileVersion) (problems []string) {
	seen := map[[32]byte]bool{}
	for _, name := range slices.Sorted(maps.Keys(editions)) {
		p := editions[name].Profile
		if seen[p.Hash()] {
			continue
		}
		seen[p.Hash()] = true
		for _, problem := range problemsOf(p) {
			problems = append(problems, problem.Error())
		}
	}
	return problems
}
