# SPDX-License-Identifier: BSD-3-Clause
# gnuplot -c bench/tables.gp DATA TITLE OUTPUT draws what bench/tables.py wrote into OUTPUT.svg and OUTPUT.png.
data = ARG1
stats data using 0 skip 1 nooutput
sets = STATS_records
contestants = 4
array colors[4] = ['#902020', '#2060c0', '#e0a030', '#b0b0b0']
set boxwidth 0.19
set style fill solid 0.9 noborder
set style data boxes
set grid ytics linetype -1 linewidth 0.5 linecolor '#d0d0d0'
set xrange [-0.6:sets - 0.4]
set xtics nomirror scale 0
at(c) = (c - 2.5) / 5.0
score(c) = 3 * c - 1
shown(c) = (column(score(c)) > 0 ? column(score(c)) : NaN)
names = '0:(NaN):xtic(1) notitle'
plot_scores = 'plot for [c = 1:contestants] data using ($0 + at(c)):(shown(c)) linecolor rgb colors[c]'. \
    ' title columnheader(score(c)), for [c = 1:contestants] data every ::1'. \
    ' using ($0 + at(c)):(shown(c)):(column(score(c) + 1)) with yerrorbars'. \
    ' pointtype -1 linecolor rgb "#404040" notitle,'. \
    ' data every ::1 using '.names
plot_times = 'plot for [c = 1:contestants] data every ::1 using ($0 + at(c)):(1000 * column(score(c) + 2))'. \
    ' linecolor rgb colors[c] notitle, data every ::1 using '.names

draw = 'set multiplot layout 2, 1 title ARG2; set key outside top center horizontal; unset logscale y; '. \
    'set ylabel "accuracy, of the last two R^2 (no bar: below 0)"; set yrange [0:1.05]; eval plot_scores; '. \
    'set logscale y; set ylabel "milliseconds"; set yrange [*:*]; eval plot_times; unset multiplot'

set terminal svg size 760,620 font 'sans,13' background '#ffffff'
set output ARG3.'.svg'
eval draw
set terminal pngcairo size 1140,930 font 'sans,14' background '#ffffff'
set output ARG3.'.png'
eval draw
