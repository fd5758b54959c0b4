package config

import (
	"fmt"
	"net"
	"regexp"
	"time"

	"trama/actors"
	"trama/transport"
)

// namePattern keeps names usable in paths of the tree, URLs and metrics.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// idlePerHeartbeat is how many heartbeats may go missing before a connection counts as idle.
const idlePerHeartbeat = 3

// Shortest and longest deadlines of a connection.
const (
	shortest = 10 * time.Millisecond
	longest  = 24 * time.Hour
)

// readListener reads one [[listener]].
func readListener(t table, profiles *profileSet) Listener {
	l := Listener{dir: profiles.dir}
	l.readIdentity(t, profiles)
	l.readDeadlines(t)
	l.readAside(t)
	l.readAdmission(t)
	l.readLimits(t)
	t.done()
	l.Transport.Name, l.Transport.Address = l.Name, l.Address
	return l
}

func (l *Listener) readIdentity(t table, profiles *profileSet) {
	if t.text("name", &l.Name) {
		if !namePattern.MatchString(l.Name) {
			t.Problem(t.At("name"), fmt.Sprintf("%q", l.Name), "lower-case letters, digits, - and _, at most 32, a letter or digit first")
		}
	} else if !t.Has("name") {
		t.Problem(t.At("name"), "nothing", "a name")
	}
	if !t.address("address", &l.Address) && !t.Has("address") {
		t.Problem(t.At("address"), "nothing", `host:port such as "127.0.0.1:12986"`)
	}
	if t.text("profile", &l.ProfileName) {
		l.Profile, l.ProfileFile = profiles.find(t.At("profile"), l.ProfileName)
	} else if !t.Has("profile") {
		t.Problem(t.At("profile"), "nothing", profiles.expected())
	}
	role := actors.RoleMaster.String()
	t.enum("role", &role, actors.RoleMaster.String(), actors.RoleIntegrator.String())
	if role == actors.RoleIntegrator.String() {
		l.Role = actors.RoleIntegrator
	}
	if t.flag("outcomes", &l.Outcomes); l.Outcomes && l.Role != actors.RoleIntegrator {
		t.Problem(t.At("outcomes"), "it on a port of masters", `role = "integrator"`)
	}
}

func (l *Listener) readDeadlines(t table) {
	o := &l.Transport
	t.duration("first_frame_timeout", &o.FirstFrameTimeout, shortest, longest, offIsNotAllowed)
	t.duration("frame_timeout", &o.FrameTimeout, shortest, longest, offIsNotAllowed)
	t.duration("idle_timeout", &o.IdleTimeout, shortest, longest, offIsNotAllowed)
	var heartbeat time.Duration
	t.duration("heartbeat", &heartbeat, shortest, longest/idlePerHeartbeat, offIsNotAllowed)
	if heartbeat > 0 {
		o.IdleTimeout = idlePerHeartbeat * heartbeat
	}
	if t.Has("heartbeat") && t.Has("idle_timeout") {
		t.Problem(t.At("idle_timeout"), "idle_timeout and heartbeat",
			"one of them: heartbeat = \"2m\" stands for idle_timeout = \"6m\"")
	}
	t.duration("delivery_window", &l.DeliveryWindow, time.Second, longest, offIsAllowed)
	t.duration("write_timeout", &o.WriteTimeout, shortest, longest, offIsNotAllowed)
	t.duration("user_timeout", &o.UserTimeout, time.Second, longest, offIsAllowed)
	keepAlive := switchedOff
	t.duration("keep_alive", &keepAlive, time.Second, longest, offIsAllowed)
	if keepAlive > 0 {
		o.KeepAlive = net.KeepAliveConfig{Enable: true, Idle: keepAlive, Interval: keepAlive, Count: keepAliveProbes}
	}
}

// keepAliveProbes is how many probes in a row may stay unanswered.
const keepAliveProbes = 3

func (l *Listener) readLimits(t table) {
	o := &l.Transport
	t.count("max_connections", &o.MaxConnections, 0, 1_000_000)
	t.count("max_masters_per_connection", &l.MaxMastersPerConnection, 1, 1_000_000)
	if t.count("max_frame_bytes", &o.MaxFrameBytes, 1, transport.MaxFrameBytesLimit); l.Profile != nil && o.MaxFrameBytes > 0 {
		if smallest := actors.SmallestFrame(l.Profile); o.MaxFrameBytes < smallest {
			t.Problem(t.At("max_frame_bytes"), fmt.Sprintf("the number %d", o.MaxFrameBytes),
				fmt.Sprintf("%d or more: the smallest frame that profile %s receives", smallest, l.Profile.Name()))
		}
	}
	t.count("write_queue_bytes", &o.WriteQueueBytes, 1024, 16<<20)
	t.count("credits", &o.Credits, 1, 1024)
}
