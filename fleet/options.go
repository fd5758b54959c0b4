package fleet

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/codec"
	"trama/codec/protect"
)

// Options of a fleet.  Address, Profile, Masters and SerialFrom are required.
type Options struct {
	Address    string         // host:port of the gateway
	Profile    *codec.Profile // what the masters speak
	Masters    int
	SerialFrom string // identity of the first master; the others count on from it, in as many digits

	Every          time.Duration // between measurements of one master; 0: the next as soon as the last is acknowledged
	Jitter         float64       // part of Every by which each wait may differ, 0 … 1
	KeepAlive      time.Duration // silence after which a keep-alive is sent; 0 never
	AskEvery       time.Duration // between requests for settings, the first at once; 0 never
	ReconnectEvery time.Duration // how long a master stays on one connection; 0 for ever
	Ramp           time.Duration // over which the first connects are spread
	AckTimeout     time.Duration // after which an unacknowledged frame is sent again (10 s)
	Duration       time.Duration // how long the fleet runs; 0 until the context ends
	Frames         int           // measurements that each master sends before it leaves; 0 no limit
	Seed           uint64        // of everything random

	// Key is the key of a device and the suite that it speaks, protect.None for one without; nil: frames are plain.  Memory is then the path of the file in
	// which the devices keep their counters.
	Key         func(serial string) (protect.Key, protect.Suite, error)
	Memory      string
	EpochFrames int // after which a device begins a new epoch; 0: 2^20

	Logger        hclog.Logger   // what goes wrong with single masters, at debug; nil drops it
	Progress      func(Progress) // called every ProgressEvery; nil for none
	ProgressEvery time.Duration  // 5 s
}

func (o Options) withDefaults() (Options, error) {
	if o.AckTimeout <= 0 {
		o.AckTimeout = 10 * time.Second
	}
	if o.ProgressEvery <= 0 {
		o.ProgressEvery = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	var problems []error
	if o.Profile == nil {
		problems = append(problems, errors.New("no profile"))
	}
	if o.Masters < 1 {
		problems = append(problems, fmt.Errorf("%d masters, expected at least 1", o.Masters))
	}
	if o.Jitter < 0 || o.Jitter > 1 {
		problems = append(problems, fmt.Errorf("jitter %v, expected 0 to 1", o.Jitter))
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"every", o.Every}, {"keep-alive", o.KeepAlive}, {"reconnect-every", o.ReconnectEvery}, {"ramp", o.Ramp},
		{"duration", o.Duration}} {
		if d.value < 0 {
			problems = append(problems, fmt.Errorf("%s %v is negative", d.name, d.value))
		}
	}
	if o.Key != nil && o.Profile != nil && o.Profile.Security() == nil {
		problems = append(problems, fmt.Errorf("frames of profile %s are never protected: it has no [security]", o.Profile.Name()))
	}
	if o.EpochFrames < 0 {
		problems = append(problems, fmt.Errorf("%d frames in an epoch, expected at least 1", o.EpochFrames))
	}
	if _, err := serial(o.SerialFrom, max(o.Masters-1, 0)); err != nil {
		problems = append(problems, err)
	}
	return o, errors.Join(problems...)
}

// serial is the identity n places after from, in as many digits.
func serial(from string, n int) (string, error) {
	first, err := strconv.ParseUint(from, 10, 63)
	if err != nil {
		return "", fmt.Errorf("serial %q: expected decimal digits", from)
	}
	s := fmt.Sprintf("%0*d", len(from), first+uint64(n))
	if len(s) > len(from) {
		return "", fmt.Errorf("serial %s plus %d does not fit %d digits", from, n, len(from))
	}
	return s, nil
}
