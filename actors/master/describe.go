package master

// describe answers a question about the master.  It is kept out of Receive, whose stack every frame pays for.
//
//go:noinline
func (m handler) describe(q *Describe) { q.Reply <- Answer[Info]{q.At, m.info()} }

// Silent describes a master whose actor does not answer.
func (m *Master) Silent() Info {
	return Info{Serial: m.Serial, State: "stuck", Links: []LinkInfo{}, Points: []Point{}}
}

func (m handler) info() Info {
	info := Info{
		Serial: m.Serial, State: "offline", FirstSeen: m.first, LastSeen: m.last(), Links: []LinkInfo{},
		Points: m.points.show(), Beyond: m.points.beyond,
		Frames: m.frames, Duplicates: m.duplicates, Bytes: m.bytes, Connects: m.connects, Takeovers: m.takeovers,
		Commands: m.commands, Queued: len(m.queue), LastEnd: m.lastEnd,
	}
	info.Polls = m.describePolls()
	m.describeKnown(&info)
	info.Restarted, info.Security = m.restarted, m.security()
	for _, l := range m.links {
		info.Links = append(info.Links, LinkInfo{Listener: l.link.Listener(), Connection: l.link.ID(),
			Remote: l.link.Remote(), Since: l.since})
	}
	if c := m.inFlight; c != nil {
		info.InFlight = c.Result.Command
	}
	m.refused.Load().describe(&info)
	info.Alarm = m.points.alarm()
	if len(m.latest) > 0 {
		k := &m.latest[m.lastFrame]
		info.LastCommand, info.LastMessage, info.DeviceTime, info.Profile = k.command, k.message, k.device, k.installed.Profile.Name()
	}
	if m.unreadable != nil {
		last := *m.unreadable
		info.Unreadable = &last
	}
	if info.Profile == "" && len(m.links) > 0 { // it has registered and said nothing yet
		info.Profile = m.links[0].link.Profile().Name()
	}
	return info
}
