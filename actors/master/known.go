package master

import (
	"trama/actors/known"
	"trama/codec"
)

// Apply shows a sample as the operator has told of its point: its title, unit and scale, and whether it is plausible.
func (s *Sample) Apply(k known.Point) {
	s.Title = k.Name
	if k.Unit != "" {
		s.Unit = k.Unit
	}
	number, ok := s.Plain.Number()
	if !ok {
		return
	}
	if scaled := k.Shown(number); scaled != number {
		number = scaled
		s.Plain = codec.FloatValue(scaled)
		s.Value = s.Plain.Any()
	}
	if !k.Plausible(number) {
		s.Quality = codec.Implausible.String()
	}
}

// Apply shows samples of a master as the operator has told of their points.
func Apply(samples []Sample, k known.Master) {
	if len(k.Points) == 0 {
		return
	}
	for i := range samples {
		if p, told := k.Points[samples[i].Name]; told {
			samples[i].Apply(p)
		}
	}
}
