package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"trama/actors/ledger"
	"trama/actors/master"
	"trama/codec"
)

// Requests for many masters: in hand at a time, at first, and in a second behind these: half of what the daemon grants a
// caller.
const (
	manyInHand    = 8
	manyAtFirst   = 500
	manyPerSecond = 100
)

// mostRefusals is how many masters are named that a command does not fit.
const mostRefusals = 5

// told is a command to one of many masters, or why there is none.
type told struct {
	masterRow
	c   commandText
	err error
}

// toMany makes the frames for all masters that were chosen, and sends when all could be made.
func (s *sending) toMany(ctx context.Context) error {
	all, err := s.chosen(ctx)
	if err != nil {
		return err
	}
	s.pace = rate.NewLimiter(manyPerSecond, manyAtFirst)
	s.each(ctx, all, s.make)
	bad, away := 0, 0
	for _, t := range all {
		switch {
		case t.err == nil:
		case errors.As(t.err, new(exitCode)):
			away++
		case !errors.As(t.err, new(usageError)):
			return t.err
		default:
			if bad++; bad <= mostRefusals {
				s.complain("%s: %v", t.Serial, t.err)
			}
		}
	}
	words := strings.TrimSpace(s.body.Command + " " + strings.Join(s.given, " "))
	to := fmt.Sprintf("%s to %d %s", words, len(all), plural(len(all), "master"))
	if away > 0 {
		to += fmt.Sprintf(", %d of them offline", away)
	}
	switch {
	case bad > 0:
		return usageError{fmt.Errorf("%s: %d cannot be told so; nothing was sent", to, bad)}
	case s.dryRun:
		return s.showAllMade(all, to)
	case s.yes:
	case !s.asks():
		return usageError{fmt.Errorf("%s: --yes is missing; nothing was sent", to)}
	case !s.confirmed("%s", to):
		return exitCode{exitNotSent, errors.New("nothing was sent")}
	}
	s.each(ctx, all, s.post)
	return s.tell(ctx, all)
}

// chosen are the masters that the flags choose.  A serial in quarantine is none.
func (s *sending) chosen(ctx context.Context) (all []*told, err error) {
	var rows []masterRow
	if err := s.daemon.get(ctx, "/api/v1/masters?"+url.Values{"site": {s.site}, "tag": {s.tag}}.Encode(), &rows); err != nil {
		return nil, err
	}
	for _, m := range rows {
		if strings.HasPrefix(m.Serial, s.prefix) && m.State != master.InQuarantine {
			all = append(all, &told{masterRow: m})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no master is chosen by --site, --tag and --prefix: trama masters lists all")
	}
	return all, nil
}

// each does something for all masters, some at a time.
func (s *sending) each(ctx context.Context, all []*told, do func(context.Context, string) (commandText, error)) {
	var begun sync.WaitGroup
	free := make(chan struct{}, manyInHand)
	for _, t := range all {
		free <- struct{}{}
		begun.Go(func() {
			if t.err = s.pace.Wait(ctx); t.err == nil {
				t.c, t.err = do(ctx, t.Serial)
			}
			<-free
		})
	}
	begun.Wait()
}

// showAllMade shows commands that were not sent.
func (s *sending) showAllMade(all []*told, to string) error {
	if s.json {
		return s.sayJSON(answersOf(all))
	}
	s.table("SERIAL\tNAME?\tSTATE\tFRAME", len(all), func(i int) []any {
		t := all[i]
		if t.err != nil {
			return []any{t.Serial, t.Name, t.State, t.err.Error()}
		}
		return []any{t.Serial, t.Name, t.State, t.c.Sent}
	})
	s.complain("%s: not sent", to)
	return nil
}

// tell shows the outcome for each master, then how many there are of each; the worst one is the exit code.
func (s *sending) tell(ctx context.Context, all []*told) error {
	counts, worst := map[string]int{}, exitDone
	until, ended := time.Now().Add(s.wait), 0
	profiles := map[string]*codec.Profile{}
	p := s.courseOf(false, func(*ledger.Command, bool) string { return fmt.Sprintf("%d of %d have ended", ended, len(all)) })
	for _, t := range all {
		if t.err == nil && t.c.Open() && s.pace.Wait(ctx) == nil {
			t.c, t.err = s.await(ctx, s.daemon, t.c, until, p)
		}
		if ctx.Err() != nil {
			return errors.New("interrupted: what was sent goes on: trama commands --open")
		}
		ended++
		code, word := exitFailed, "failed"
		var own exitCode
		switch {
		case t.err == nil:
			code, word = exitOf(&t.c.Command), string(t.c.State)
		case errors.As(t.err, &own):
			code, word = own.code, "not sent"
		}
		counts[word]++
		worst = worse(worst, code)
		switch {
		case s.json:
		case t.err != nil:
			s.say("%s: %s: %v", word, t.Serial, t.err)
		default:
			if _, known := profiles[t.Profile]; !known {
				profiles[t.Profile] = s.profileNamed(t.Profile)
			}
			s.say("%s", s.outcome(&t.c.Command, profiles[t.Profile]))
		}
	}
	if s.json {
		if err := s.sayJSON(answersOf(all)); err != nil {
			return err
		}
		return exitWith(worst)
	}
	var words []string
	for _, word := range []string{"done", "sent", "queued", "refused", "unknown", "expired", "cancelled", "not sent", "failed"} {
		if n := counts[word]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, word))
		}
	}
	s.say("%d %s: %s", len(all), plural(len(all), "master"), strings.Join(words, ", "))
	return exitWith(worst)
}

// badness is the order of exit codes, the worst last.
var badness = []int{exitDone, exitNotSent, exitRefused, exitUnknown, exitFailed}

func worse(a, b int) int {
	if slices.Index(badness, b) > slices.Index(badness, a) {
		return b
	}
	return a
}

// answersOf are the commands as the daemon wrote them, and why there is none.
func answersOf(all []*told) []any {
	rows := make([]any, len(all))
	for i, t := range all {
		if rows[i] = t.c.text; t.err != nil {
			rows[i] = map[string]string{"serial": t.Serial, "error": t.err.Error()}
		}
	}
	return rows
}
