# SPDX-License-Identifier: BSD-3-Clause
# gnuplot -c bench/scaling/scaling.gp DATA OUTPUT LINKS draws what bench/scaling/model.py wrote into OUTPUT.svg and
# OUTPUT.png: LINKS blocks of predictions, then one of measurements.
data = ARG1
links = int(ARG3)
array colors[4] = ['#902020', '#2060c0', '#e0a030', '#606060']
set logscale x 2
set xrange [0.9:72]
set yrange [0:1.1]
set xtics (1, 2, 4, 8, 16, 32, 64)
set xlabel 'nodes'
set ylabel 'efficiency'
set grid linetype -1 linewidth 0.5 linecolor '#d0d0d0'
set key outside bottom center horizontal

predictions = 'plot for [i = 0:links - 1] data index i using 2:c with lines dashtype 2 linewidth 2'. \
    ' linecolor rgb colors[i + 1] title columnheader(1)'
points = ', data index links using 2:3 with points pointtype 7 linecolor rgb "#000000" title columnheader(1)'. \
    ', data index links using 2:3:1 with labels offset 2.5,0 notitle'
draw = 'set multiplot layout 1, 2; c = 3; set title "one batch on all nodes together"; eval predictions.points; '. \
    'c = 4; set title "one batch on each node (all predicted)"; eval predictions; unset multiplot'

set terminal svg size 1100,460 font 'sans,12' background '#ffffff'
set output ARG2.'.svg'
eval draw
set terminal pngcairo size 1400,560 font 'sans,12' background '#ffffff'
set output ARG2.'.png'
eval draw
